import { describe, expect, it } from 'vitest';
import { resources, type CronJob } from '../../../src/apiserver/index.ts';
import { backups } from '../../../src/crd/index.ts';
import { followed, schedule } from './asking.ts';
import { PATIENCE_MS, type ClusterUnderTest } from './cluster-under-test.ts';

const timeout = 2 * PATIENCE_MS;

export function describeRecurringBackups(cluster: () => ClusterUnderTest): void {
  const cronJob = (): Promise<CronJob> => cluster().client.get(resources.cronJobs, cluster().named('nightly'));
  /** The CronJob once it is as wanted. */
  const kept = (what: string, isAsWanted: (cronJob: CronJob) => boolean): Promise<CronJob> =>
    cluster().until(`the CronJob to have ${what}`, async () => {
      const found = await cronJob();
      return isAsWanted(found) && found;
    });

  describe('keeps the CronJob of a recurring Backup', { timeout }, () => {
    it('as the resource asks for it', async () => {
      const made = await schedule(cluster(), 'nightly', {
        schedule: '20 4 * * *',
        timeZone: 'Asia/Tokyo',
        pvcName: 'series-claim',
      });
      const told = await followed(cluster(), 'nightly', ({ nextRunTime }) => nextRunTime !== undefined);
      const { metadata, spec } = await cronJob();
      expect(metadata).toMatchObject({
        labels: { app: 'cluster-backup-cronjob', 'backup-name': 'nightly' },
        ownerReferences: [{ kind: 'Backup', name: 'nightly', uid: made.metadata.uid, controller: true }],
      });
      expect(spec).toMatchObject({
        schedule: '20 4 * * *',
        timeZone: 'Asia/Tokyo',
        concurrencyPolicy: 'Forbid',
        suspend: false,
        failedJobsHistoryLimit: 10,
        successfulJobsHistoryLimit: 5,
      });
      const pod = spec.jobTemplate.spec.template.spec;
      expect(pod.volumes).toBeUndefined();
      expect(pod.containers[0]?.args?.slice(0, 5)).toEqual([
        ...['request-backup', '--series', 'nightly', '--pvc-name', 'series-claim'],
      ]);
      expect(told.status?.nextRunTime).toMatch(/T19:20:00Z$/);
      expect(told.status?.conditions).toEqual(
        expect.arrayContaining([expect.objectContaining({ type: 'Scheduled', status: 'True', observedGeneration: 1 })]),
      );
    });

    it('and leaves it alone while nobody changes anything, also after a restart', async () => {
      const before = await cronJob();
      await cluster().operator.stop();
      await cluster().operator.start();
      await cluster().until('the operator to be done', () => cluster().operator.isDone());
      const after = await cronJob();
      expect(after.metadata.generation).toBe(before.metadata.generation);
      expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    });

    it('after each change of the resource', async () => {
      const { client } = cluster();
      const name = { name: 'nightly' };
      await client.patch(backups, name, { kind: 'merge', body: { spec: { etcd: { schedule: '5 5 * * 1' } } } });
      await kept('the new schedule', ({ spec }) => spec.schedule === '5 5 * * 1');
      await client.patch(backups, name, { kind: 'merge', body: { spec: { etcd: { timeZone: null } } } });
      await kept('no time zone', ({ spec }) => (spec.timeZone ?? undefined) === undefined);
      const told = await followed(cluster(), 'nightly', ({ nextRunTime = '' }) => nextRunTime.endsWith('T05:05:00Z'));
      expect(told.status?.conditions).toEqual(
        expect.arrayContaining([expect.objectContaining({ type: 'Scheduled', observedGeneration: 3 })]),
      );
    });

    it.each<[string, object, (cronJob: CronJob) => boolean]>([
      ['its schedule', { spec: { schedule: '0 0 1 1 *' } }, ({ spec }) => spec.schedule === '5 5 * * 1'],
      ['its suspension', { spec: { suspend: true } }, ({ spec }) => spec.suspend === false],
      ['its owner', { metadata: { ownerReferences: null } }, ({ metadata }) => metadata.ownerReferences?.length === 1],
      ['its labels', { metadata: { labels: { app: 'mine' } } }, ({ metadata }) => metadata.labels?.['app'] !== 'mine'],
      [
        'something added to its pod',
        { spec: { jobTemplate: { spec: { template: { spec: { hostNetwork: true } } } } } },
        ({ spec }) => spec.jobTemplate.spec.template.spec['hostNetwork'] !== true,
      ],
    ])('whoever changed %s by hand', async (what, body, isMended) => {
      const changed = await cluster().client.patch(resources.cronJobs, cluster().named('nightly'), {
        kind: 'merge',
        body,
      });
      expect(isMended(changed)).toBe(false);
      await kept(`${what} as before`, isMended);
    });

    it('or makes it anew where somebody removed it', async () => {
      const { uid } = (await cronJob()).metadata;
      await cluster().client.delete(resources.cronJobs, cluster().named('nightly'), { propagation: 'Background' });
      await cluster().until('another CronJob', async () => (await cronJob()).metadata.uid !== uid);
    });

    it('and says where it cannot be: what the API refuses of a schedule stands in a condition', async () => {
      await schedule(cluster(), 'misread', { schedule: '60 4 * * *' });
      const told = await followed(cluster(), 'misread', ({ conditions = [] }) =>
        conditions.some(({ type, reason }) => type === 'Scheduled' && reason === 'CronJobRefused'),
      );
      expect(told.status?.nextRunTime).toBeUndefined();
      await cluster().client.delete(backups, told.metadata);
    });

    it('until the resource goes: then it goes too', async () => {
      await cluster().client.delete(backups, { name: 'nightly' });
      await cluster().gone(resources.cronJobs, 'nightly');
    });
  });
}
