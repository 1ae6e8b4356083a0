import { describe, expect, it } from 'vitest';
import { resources } from '../../../src/apiserver/index.ts';
import { backupDefinition, backups, etcdBackupDefinition, etcdBackups } from '../../../src/crd/index.ts';
import { including } from '../semantics/expecting.ts';
import type { ClusterUnderTest } from './cluster-under-test.ts';

function backup(etcd: object): unknown {
  return {
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name: 'tried-out' },
    spec: { etcd },
  };
}

export function describeDefinitions(cluster: () => ClusterUnderTest): void {
  describe('finds its definitions', () => {
    it.each([backupDefinition, etcdBackupDefinition])(
      'accepted, with all that they say: $metadata.name',
      async (definition) => {
        const { name = '' } = definition.metadata;
        const { status, ...found } = await cluster().client.get(resources.customResourceDefinitions, { name });
        expect(found).toMatchObject({ spec: definition['spec'] });
        const holds = status?.conditions?.map(({ type, status: value }) => `${type} ${value}`);
        expect(holds?.toSorted()).toEqual(['Established True', 'NamesAccepted True']);
      },
    );

    it.each([
      [{}],
      [{ schedule: '20 4 * * *', timeZone: 'UTC', pvcName: 'etcd-backup-pvc' }],
      [{ schedule: '@daily', timeZone: 'Asia/Tokyo' }],
      [{ schedule: '5/10 0-23 1,15 JAN MON' }],
      // The patterns of the reference let these through; the CronJob's own checks refuse them.
      [{ schedule: '60 4 * * *' }],
      [{ schedule: '@dailyy' }],
      [{ retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 5 } } }],
      [{ retentionPolicy: { retentionType: 'RetentionSize', retentionSize: { maxSizeOfBackupsGb: 20 } } }],
    ])('taking a Backup of %j', async (etcd) => {
      const answer = await cluster().tryOut(backups, backup(etcd));
      expect(answer.status, answer.text).toBe(201);
    });

    it.each([
      [{ schedule: '' }],
      [{ schedule: '20 24 * * *' }],
      [{ schedule: '20 4 * *' }],
      [{ schedule: '@every 1h' }],
      [{ timeZone: '' }],
      [{ timeZone: 'Asia Tokyo' }],
      [{ retentionPolicy: {} }],
      [{ retentionPolicy: { retentionType: 'RetentionAge' } }],
      [{ retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 0 } } }],
      [{ retentionPolicy: { retentionType: 'RetentionSize', retentionSize: { maxSizeOfBackupsGb: 0.5 } } }],
      [{ retention: {} }],
    ])('refusing a Backup of %j', async (etcd) => {
      const answer = await cluster().tryOut(backups, backup(etcd));
      expect([400, 422], answer.text).toContain(answer.status);
    });

    it('keeping the claim of an EtcdBackup as it was set', async () => {
      const { client } = cluster();
      const made = await client.create(etcdBackups, {
        apiVersion: 'operator.openshift.io/v1alpha1',
        kind: 'EtcdBackup',
        metadata: { name: 'immutable' },
        spec: { pvcName: 'no-such-claim' },
      });
      const change = { kind: 'merge', body: { spec: { pvcName: 'another' } } } as const;
      await expect(client.patch(etcdBackups, made.metadata, change)).rejects.toMatchObject({
        code: 'APISERVER_INVALID',
      });
      await client.delete(etcdBackups, made.metadata);
    });

    it('listed for kubectl', async () => {
      const { resources: served } = JSON.parse(
        await cluster().client.getText('/apis/operator.openshift.io/v1alpha1'),
      ) as {
        resources: object[];
      };
      expect(served).toEqual(
        including([
          expect.objectContaining({ name: 'etcdbackups', namespaced: false, kind: 'EtcdBackup' }),
          expect.objectContaining({ name: 'etcdbackups/status' }),
        ]),
      );
    });
  });
}
