import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../crd/index.ts';
import type { Write } from '../standalone/volumes/test-api.ts';
import { isEnded } from './job-state.ts';
import { FAILURE, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';

/** Kills the operator at its n-th write, before or after it is done, and lets nothing more of it through. */
class Killer {
  readonly #cluster: OperatorCluster;
  readonly #at: number;
  #count = 0;
  #isDead = false;
  happened = false;

  constructor(cluster: OperatorCluster, at: number, when: 'before' | 'after') {
    this.#cluster = cluster;
    this.#at = at;
    cluster.api.onWrite = (write) => {
      if (!isOperators(write)) return;
      if (this.#isDead) throw new Error('killed');
      this.#count += 1;
      if (when === 'before' && this.#count === this.#at) this.#kill();
    };
    cluster.api.afterWrite = (write) => {
      if (isOperators(write) && when === 'after' && this.#count === this.#at) this.#kill();
    };
  }

  /** Brings a killed operator back. */
  async revive(): Promise<void> {
    if (!this.#isDead) return;
    await this.#cluster.stopOperator();
    this.#isDead = false;
    this.#count += 1;
    this.#cluster.startOperator();
    await this.#cluster.settle();
  }

  #kill(): void {
    this.happened = true;
    this.#isDead = true;
    throw new Error('killed');
  }
}

function isOperators({ verb, plural }: Write): boolean {
  if (plural === 'etcdbackups' || plural === 'backups') return verb === 'updateStatus';
  return plural === 'cronjobs' || plural === 'events' || (plural === 'jobs' && verb === 'create');
}

/** Settles although the operator may have been killed and never becomes idle. */
async function drive(cluster: OperatorCluster, killer: Killer, work: () => Promise<unknown>): Promise<void> {
  const settled = Promise.allSettled([work()]);
  let isOver = false;
  while (!isOver) {
    isOver = await Promise.race([settled.then(() => true), turn(false)]);
    await killer.revive();
  }
  await cluster.settle();
}

async function takeThree(cluster: OperatorCluster, killer: Killer): Promise<void> {
  await drive(cluster, killer, () => cluster.ask('a'));
  await drive(cluster, killer, () => cluster.ask('b'));
  await drive(cluster, killer, () => cluster.ask('c', { pvcName: 'none' }));
  await drive(cluster, killer, () => cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC' }));
  for (let round = 0; round < 6; round += 1) {
    await drive(cluster, killer, () => cluster.pass(5_000));
    const atWork = cluster.jobs().filter((job) => !isEnded(job));
    expect(atWork.length).toBeLessThanOrEqual(1);
    for (const job of atWork) {
      const report = job.metadata.labels?.['backup-name'] === 'a' ? FAILURE : SUCCESS;
      await drive(cluster, killer, () => cluster.endJob(job, report === SUCCESS ? 'Complete' : 'Failed', report));
    }
  }
}

describe('An operator that is killed', () => {
  it.each(['before', 'after'] as const)(
    'right %s any of its writes loses no backup, takes none twice and tells all rightly once it is back',
    { timeout: 60_000 },
    async (when) => {
      let killed = 0;
      for (let at = 1; ; at += 1) {
        const cluster = new OperatorCluster();
        const killer = new Killer(cluster, at, when);
        await takeThree(cluster, killer);
        const outcomes = ['a', 'b', 'c'].map((name) => outcomeOf(cluster.etcdBackup(name)));
        expect(outcomes, `killed ${when} write ${at}`).toEqual(['BackupFailed', 'BackupCompleted', 'BackupFailed']);
        expect(cluster.api.writes.filter(({ verb, plural }) => verb === 'create' && plural === 'jobs')).toHaveLength(2);
        expect(cluster.cronJobs()).toHaveLength(1);
        await cluster.stopOperator();
        if (!killer.happened) break;
        killed += 1;
      }
      expect(killed).toBeGreaterThan(10);
    },
  );
});
