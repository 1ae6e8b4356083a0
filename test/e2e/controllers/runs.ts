import { describe, expect, it } from 'vitest';
import { resources } from '../../../src/apiserver/index.ts';
import { backups, etcdBackups, SERIES_LABEL } from '../../../src/crd/index.ts';
import { saying } from '../semantics/expecting.ts';
import { decided, ended, followed, runNow, schedule } from './asking.ts';
import { PATIENCE_MS, type ClusterUnderTest } from './cluster-under-test.ts';

const timeout = 2 * PATIENCE_MS;
/** Nothing starts by itself. */
const NEVER = { schedule: '0 0 29 2 *', timeZone: 'UTC' };

function keep(maxNumberOfBackups: number): object {
  return { retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups } } };
}

export function describeRuns(cluster: () => ClusterUnderTest): void {
  let folder = '';

  describe('has the runs of a recurring Backup', { timeout }, () => {
    it('ask for a backup each, which belongs to the run, and wait for it', async () => {
      folder = await cluster().claim('series-claim');
      await schedule(cluster(), 'series', { ...NEVER, pvcName: 'series-claim', ...keep(2) });
      const job = await ended(cluster(), await runNow(cluster(), 'series', 'series-1'));
      expect(job.status).toMatchObject({ succeeded: 1 });
      expect(job.spec.template.spec.volumes).toBeUndefined();
      const done = await decided(cluster(), 'series-1');
      expect(done).toMatchObject({
        metadata: {
          labels: { [SERIES_LABEL]: 'series' },
          ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'series-1', uid: job.metadata.uid }],
        },
        spec: { pvcName: 'series-claim' },
        status: { backup: { kept: { backups: 1, removed: 0, failed: 0 } } },
      });
      const { status } = await followed(cluster(), 'series', ({ lastSuccess }) => lastSuccess !== undefined);
      expect(status).toMatchObject({
        lastSuccess: { etcdBackup: 'series-1', folder: done.status?.backup?.folder },
        lastSuccessfulTime: done.status?.completionTime,
        kept: { backups: 1, bytes: done.status?.backup?.bytes },
      });
      expect(status?.conditions).toEqual(
        expect.arrayContaining([expect.objectContaining({ type: 'LastRunSucceeded', status: 'True' })]),
      );
    });

    it('keep exactly as many backups as they are told to, and never count those of others', async () => {
      await schedule(cluster(), 'other', { ...NEVER, pvcName: 'series-claim', ...keep(1) });
      const others: string[] = [];
      for (let run = 2; run <= 6; run += 1) {
        await ended(cluster(), await runNow(cluster(), 'series', `series-${run}`));
        if (run === 3 || run === 5) {
          await ended(cluster(), await runNow(cluster(), 'other', `other-${run}`));
          others[0] = `backup-other-${run}`;
        }
        const newest = [`backup-series-${run - 1}`, `backup-series-${run}`];
        expect(await cluster().backupsIn(folder)).toEqual([...others, ...newest]);
      }
      const isTold = ({ lastSuccess }: { lastSuccess?: { etcdBackup: string } | undefined }): boolean =>
        lastSuccess?.etcdBackup === 'series-6';
      expect((await followed(cluster(), 'series', isTold)).status?.kept?.backups).toBe(2);
    });

    it('go when there are newer ones enough, and with them what they asked for', async () => {
      const { client } = cluster();
      await cluster().gone(resources.jobs, 'series-1');
      await cluster().gone(etcdBackups, 'series-1');
      const names = async (): Promise<readonly string[]> =>
        (await client.list(etcdBackups, { labelSelector: `${SERIES_LABEL}=series` })).items
          .map(({ metadata }) => metadata.name)
          .toSorted();
      await cluster().until('the rest', async () => (await names()).length === 5);
      expect(await names()).toEqual(['series-2', 'series-3', 'series-4', 'series-5', 'series-6']);
    });

    it('told of in the metrics', async () => {
      // They are of what the operator has seen, which comes a moment later.
      const text = await cluster().until('the operator to have seen the last run', async () => {
        const told = await cluster().operator.metrics();
        return told.includes('etcd_backup="series-6"') && told.includes('kept{backup_policy="series"} 2') && told;
      });
      expect(text).toMatch(/^etcd_backup_status\{etcd_backup="series-6",uid="[^"]+",status="Completed"\} 1$/m);
      expect(text).toMatch(/^holdfast_backup_kept\{backup_policy="series"\} 2$/m);
      expect(text).toMatch(/^holdfast_backup_consecutive_failures\{backup_policy="series"\} 0$/m);
      expect(text).toMatch(/^holdfast_backup_last_success_time\{backup_policy="series"\} \d+$/m);
    });

    it('leave their backups when the resource goes, and nothing else', async () => {
      await cluster().client.delete(backups, { name: 'series' });
      for (const run of [2, 6]) {
        await cluster().gone(resources.jobs, `series-${run}`);
        await cluster().gone(etcdBackups, `series-${run}`);
      }
      expect(await cluster().backupsIn(folder)).toEqual(['backup-other-5', 'backup-series-5', 'backup-series-6']);
      await cluster().client.delete(backups, { name: 'other' });
    });

    it('begin by themselves when their time has come', async () => {
      await schedule(cluster(), 'every-minute', { schedule: '* * * * *', pvcName: 'series-claim', ...keep(1) });
      const { status } = await followed(cluster(), 'every-minute', ({ lastSuccess }) => lastSuccess !== undefined);
      await cluster().client.delete(backups, { name: 'every-minute' });
      expect(status?.lastSuccess?.etcdBackup).toMatch(/^every-minute-\d+$/);
    });

    it('fail with the backup that they asked for, with its reason', async () => {
      await schedule(cluster(), 'astray', { ...NEVER, pvcName: 'no-such-claim' });
      const job = await ended(cluster(), await runNow(cluster(), 'astray', 'astray-1'));
      expect(job.status).toMatchObject({ failed: 3 });
      const { status } = await followed(cluster(), 'astray', ({ lastFailure }) => lastFailure !== undefined);
      expect(status).toMatchObject({
        lastFailure: {
          etcdBackup: 'astray-1',
          reason: 'OPERATOR_CLAIM_NOT_FOUND',
          message: saying('unable to find PVC [no-such-claim]'),
        },
        consecutiveFailures: 1,
      });
      expect(status?.conditions).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ type: 'LastRunSucceeded', status: 'False', reason: 'OPERATOR_CLAIM_NOT_FOUND' }),
        ]),
      );
      const { items } = await cluster().client.list(resources.pods, {
        namespace: 'openshift-etcd',
        labelSelector: `${SERIES_LABEL}=astray`,
      });
      const words = items.map((pod) => pod.status?.containerStatuses?.[0]?.state?.terminated?.message ?? '');
      for (const each of words) expect(each).toContain('OPERATOR_REQUEST_FAILED');
    });
  });
}
