import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { etcdBackups, outcomeOf } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import { etcdBackup, untilDecided } from '../kit/running-standalone.ts';
import { jobFor } from './backup-life.ts';
import { OperatorsOnEngine } from './operators-on-engine.ts';
import { PATIENCE, Replica, roles } from './replica.ts';

const CLOCK = fileURLToPath(new URL('wrong-clock.mjs', import.meta.url));
const HOUR_MS = '3600000';
/** So slow that a backup outlives whatever happens to its operator. */
const BYTES_PER_SECOND = 20_000;

/** What happens to a leader in the middle of a backup; each gives back what ends it. */
const STRIKES: Readonly<Record<string, (leader: Replica) => () => void | Promise<void>>> = {
  'is killed'(leader) {
    leader.down();
    return () => leader.up();
  },
  'is stopped for longer than its lease'(leader) {
    leader.signal('SIGSTOP');
    return () => leader.signal('SIGCONT');
  },
  'is cut off from the API for longer than its lease'(leader) {
    leader.wire.goSilentAfterBytes(0);
    return () => leader.wire.heal();
  },
};

it(
  'of two replicas, one with a clock an hour ahead, the other goes on where the leader is killed, stopped or cut off in the middle of a backup: one backup at a time, each taken once',
  { timeout: 240_000 },
  async () => {
    const cluster = await OperatorsOnEngine.begin();
    const { client, etcd, jobs } = cluster;
    const wrongClock = { NODE_OPTIONS: `--import=${CLOCK}`, WRONG_CLOCK_MS: HOUR_MS };
    const replicas = [await Replica.begin(cluster), await Replica.begin(cluster, wrongClock)];
    const names: string[] = [];
    for (const [what, strike] of Object.entries(STRIKES)) {
      const [first, next] = [`at-work-${names.length}`, `waits-${names.length}`];
      etcd.slowTo(BYTES_PER_SECOND);
      await client.create(etcdBackups, etcdBackup(first));
      await jobFor(client, first);
      await client.create(etcdBackups, etcdBackup(next));
      names.push(first, next);
      const { leader, other } = await roles(replicas);
      const ends = leader.ends.length;
      const isOver = strike(leader);
      await waitFor(() => other.leads(), {
        ...PATIENCE,
        what: () => `the other to lead where one ${what}; ${other.log}`,
      });
      expect(outcomeOf(await client.get(etcdBackups, { name: first })), what).toBe('BackupPending');
      await isOver();
      await waitFor(() => leader.ends.length > ends, { ...PATIENCE, what: () => `its end; ${leader.log}` });
      etcd.heal();
      for (const name of [first, next]) {
        const done = await untilDecided(client, name, PATIENCE.timeoutMs);
        expect(outcomeOf(done), `${what}: ${JSON.stringify(done.status)}`).toBe('BackupCompleted');
      }
    }
    for (const name of names) expect(jobs.of(await client.get(etcdBackups, { name })), name).toHaveLength(1);
    expect(jobs.mostAtOnce).toBe(1);
    const folders = (await readdir(cluster.backups)).filter((name) => name.startsWith('backup-'));
    const taken = folders.map((name) => name.replace(/^backup-|-\d{4}-\d{2}-\d{2}_\d{6}$/g, ''));
    expect(taken.toSorted()).toEqual(names.toSorted());
  },
);
