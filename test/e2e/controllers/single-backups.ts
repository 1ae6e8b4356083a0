import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resources, type Condition } from '../../../src/apiserver/index.ts';
import { etcdBackups, outcomeOf, type EtcdBackup } from '../../../src/crd/index.ts';
import { holdfast } from '../../kit/index.ts';
import { like, saying } from '../semantics/expecting.ts';
import { ask, decided } from './asking.ts';
import { PATIENCE_MS, type ClusterUnderTest } from './cluster-under-test.ts';

const timeout = 2 * PATIENCE_MS;

function condition({ status }: EtcdBackup, type: string): Condition | undefined {
  return status?.conditions?.find((each) => each.type === type);
}

export function describeSingleBackups(cluster: () => ClusterUnderTest): void {
  describe('takes a single backup', { timeout }, () => {
    it('from the asking to a verified backup in the volume, and tells all of it', async () => {
      const { client, nodeName } = cluster();
      const folder = await cluster().claim('single-claim');
      const asked = await ask(cluster(), 'single', 'single-claim');
      const done = await decided(cluster(), 'single');
      expect(outcomeOf(done), JSON.stringify(done.status)).toBe('BackupCompleted');
      const { status } = done;
      const taken = status?.backup;
      expect(status).toMatchObject({
        backupJob: { namespace: 'openshift-etcd', name: like(/^cluster-backup-job-single-[0-9a-f]{8}$/) },
        startTime: like(/Z$/),
        completionTime: like(/Z$/),
        nodeName,
        backup: {
          folder: like(/^backup-single-\d{4}/),
          revision: like(/^\d+$/),
          size: like(/ (B|KiB|MiB)$/),
          forced: false,
        },
      });
      expect(condition(done, 'BackupCompleted')).toMatchObject({
        status: 'True',
        reason: 'BackupCompleted',
        observedGeneration: asked.metadata.generation,
        message: saying(`${taken?.folder ?? ''}: revision ${taken?.revision ?? ''}, hash ${taken?.hash ?? ''}`),
      });
      expect(condition(done, 'BackupPending')).toMatchObject({ status: 'False' });
      expect(await cluster().backupsIn(folder)).toEqual(['backup-single']);
      const proof = await holdfast('verify', join(folder, taken?.folder ?? ''));
      expect(proof.code, proof.stderr).toBe(0);
      const events = await cluster().until('the events', async () => {
        const all = await cluster().eventsOf(asked);
        return all.length >= 2 && all;
      });
      expect(events.map(({ type, reason }) => `${type ?? ''} ${reason ?? ''}`).toSorted()).toEqual([
        'Normal BackupCompleted',
        'Normal BackupStarted',
      ]);
      expect(await client.getText('/readyz')).toBe('ok');
    });

    it('by one Job, which belongs to the resource and goes with it, while the backup stays', async () => {
      const { client } = cluster();
      const done = await client.get(etcdBackups, { name: 'single' });
      const [job, ...others] = cluster().jobs.of(done);
      expect(others).toEqual([]);
      expect(job).toMatchObject({
        metadata: {
          labels: { app: 'cluster-backup-job', 'backup-name': 'single' },
          ownerReferences: [{ kind: 'EtcdBackup', name: 'single', uid: done.metadata.uid, controller: true }],
        },
        spec: { backoffLimit: 2 },
        status: { succeeded: 1 },
      });
      await client.delete(etcdBackups, done.metadata);
      await cluster().gone(resources.jobs, job?.metadata.name ?? '');
      expect(await cluster().backupsIn(join(cluster().folder, 'volumes', 'single-claim'))).toEqual(['backup-single']);
    });

    it('to the default place where no claim is named', async () => {
      await ask(cluster(), 'by-default');
      const done = await decided(cluster(), 'by-default');
      expect(outcomeOf(done), JSON.stringify(done.status)).toBe('BackupCompleted');
      expect(await cluster().backupsIn(cluster().defaultFolder)).toEqual(['backup-by-default']);
    });

    it('not where the claim does not exist, and says so at once', async () => {
      const asked = await ask(cluster(), 'nowhere', 'no-such-claim');
      const done = await decided(cluster(), 'nowhere');
      expect(condition(done, 'BackupFailed')).toMatchObject({
        status: 'True',
        message: 'unable to find PVC [no-such-claim]',
      });
      expect(done.status?.failure?.code).toBe('OPERATOR_CLAIM_NOT_FOUND');
      expect(cluster().jobs.of(asked)).toEqual([]);
    });

    it('after those that were asked for before, one at a time', async () => {
      await cluster().lateClaim('late-claim');
      const first = await ask(cluster(), 'waits-a', 'late-claim');
      const names = ['waits-b', 'waits-c'];
      for (const name of names) await ask(cluster(), name);
      await cluster().until('both to say whom they wait for', async () => {
        const [b, c] = await Promise.all(names.map((name) => cluster().client.get(etcdBackups, { name })));
        const words = [b, c].map((each) => each && condition(each, 'BackupPending')?.message);
        return words[0]?.includes('waits-a') === true && words[1]?.includes('waits-b') === true;
      });
      await cluster().until('the Job of the first', () => cluster().jobs.of(first).length > 0);
      // What it waits for never comes: somebody gives it up.
      await cluster().client.delete(etcdBackups, first.metadata);
      const [b, c] = await Promise.all(names.map((name) => decided(cluster(), name)));
      for (const each of [b, c]) expect(each && outcomeOf(each), JSON.stringify(each?.status)).toBe('BackupCompleted');
      expect(Date.parse(c?.status?.startTime ?? '')).toBeGreaterThanOrEqual(
        Date.parse(b?.status?.completionTime ?? ''),
      );
      expect(cluster().jobs.mostAtOnce).toBe(1);
    });

    it('when its claim has a volume, and says meanwhile why there is none', async () => {
      await cluster().pendingClaim('empty-claim');
      const asked = await ask(cluster(), 'without-volume', 'empty-claim');
      const told = await cluster().until('it to say what it waits for', async () => {
        const current = await cluster().client.get(etcdBackups, { name: asked.metadata.name });
        return condition(current, 'VolumeReady');
      });
      expect(told).toMatchObject({ status: 'False', reason: 'OPERATOR_CLAIM_UNBOUND' });
      expect(told.message).toContain('PVC [empty-claim] asks for a volume without a class');
      expect(cluster().jobs.of(asked)).toEqual([]);
      await cluster().client.delete(etcdBackups, asked.metadata);
    });

    it('not any more once its Job was removed', async () => {
      const asked = await ask(cluster(), 'robbed', 'late-claim');
      const [job] = await cluster().until('its Job', () => {
        const jobs = cluster().jobs.of(asked);
        return jobs.length > 0 && jobs;
      });
      await cluster().until('it to be noted', async () => {
        const { status } = await cluster().client.get(etcdBackups, { name: 'robbed' });
        return status?.backupJob !== undefined;
      });
      await cluster().client.delete(resources.jobs, cluster().named(job?.metadata.name ?? ''), {
        propagation: 'Background',
      });
      const done = await decided(cluster(), 'robbed');
      expect(done.status?.failure?.code).toBe('OPERATOR_JOB_GONE');
    });

    it('or tells why not, in the words of the program that could not', async () => {
      await cluster().operator.stop();
      await cluster().operator.start('http://127.0.0.1:1');
      const asked = await ask(cluster(), 'hopeless');
      const done = await decided(cluster(), 'hopeless');
      const failure = done.status?.failure;
      expect(failure?.code).toMatch(/^ETCD_/);
      expect(condition(done, 'BackupFailed')).toMatchObject({ status: 'True', message: failure?.message });
      const [job, ...others] = cluster().jobs.of(asked);
      expect(others).toEqual([]);
      expect(job?.status).toMatchObject({ failed: 3 });
      const events = await cluster().until('the event', async () => {
        const all = await cluster().eventsOf(asked);
        return all.find(({ reason }) => reason === 'BackupFailed');
      });
      expect(events).toMatchObject({ type: 'Warning', message: saying(failure?.code ?? '?') });
      await cluster().operator.stop();
      await cluster().operator.start();
    });
  });
}
