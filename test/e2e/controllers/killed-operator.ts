import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { backups, etcdBackups, outcomeOf } from '../../../src/crd/index.ts';
import { SeededRandom } from '../../kit/index.ts';
import { ask, decided, ended, runNow, schedule } from './asking.ts';
import { PATIENCE_MS, type ClusterUnderTest } from './cluster-under-test.ts';

const timeout = 2 * PATIENCE_MS;

export function describeKilledOperator(cluster: () => ClusterUnderTest): void {
  describe('is killed at any moment and started again', { timeout }, () => {
    it('and nothing is lost, doubled or told wrongly', async () => {
      const folder = await cluster().claim('killed-claim');
      await schedule(cluster(), 'persistent', { schedule: '0 0 29 2 *', pvcName: 'killed-claim' });
      const names = ['killed-a', 'killed-b', 'killed-c'];
      for (const name of names) await ask(cluster(), name, 'killed-claim');
      const run = runNow(cluster(), 'persistent', 'persistent-1').then((job) => ended(cluster(), job));
      const all = Promise.all([...names, 'persistent-1'].map((name) => decidedOnce(name)));
      const kills = await killUntil(cluster(), all);
      expect(kills).toBeGreaterThan(2);
      for (const done of await all) {
        expect(outcomeOf(done), JSON.stringify(done.status)).toBe('BackupCompleted');
        expect(cluster().jobs.of(done)).toHaveLength(1);
        const ends = (await cluster().eventsOf(done)).filter(({ reason }) => reason === 'BackupCompleted');
        expect(ends.map(({ count }) => count ?? 1).reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(1);
      }
      expect((await run).status).toMatchObject({ succeeded: 1 });
      expect(await cluster().backupsIn(folder)).toEqual([...names, 'persistent-1'].map((name) => `backup-${name}`));
      expect(cluster().jobs.mostAtOnce).toBe(1);
      await cluster().client.delete(backups, { name: 'persistent' });
    });
  });

  async function decidedOnce(name: string): ReturnType<typeof decided> {
    await cluster().until(`${name} to be asked for`, () => cluster().client.get(etcdBackups, { name }));
    return await decided(cluster(), name);
  }
}

/** Kills the operator again and again, after waits that are different each time, until all is done; it runs then. */
async function killUntil(cluster: ClusterUnderTest, done: Promise<unknown>): Promise<number> {
  const random = new SeededRandom(7);
  const settled = done.then(
    () => true,
    () => true,
  );
  for (let kills = 0; ; kills += 1) {
    const wait = 20 + (random.next() / 2 ** 32) * 600;
    if (await Promise.race([settled, sleep(wait, false)])) return kills;
    await cluster.operator.kill();
    await cluster.operator.start();
  }
}
