import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resources, type KubeClient } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf, type EtcdBackup } from '../../src/crd/index.ts';
import { smallDisk, temporaryFolder, waitFor } from '../kit/index.ts';
import { etcdBackup, untilDecided } from '../kit/running-standalone.ts';
import { beginCluster, beginStandalone } from './begun.ts';
import { standingBackups } from './proven-backups.ts';

const MEBIBYTE = 1024 * 1024;
const PATIENCE_MS = 120_000;

/** A claim on a folder of a node. */
async function claimOn(client: KubeClient, name: string, path: string, node = 'master-0'): Promise<void> {
  const size = { storage: '1Gi' };
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }];
  await client.create(resources.persistentVolumes, {
    metadata: { name },
    spec: {
      ...{ capacity: size, accessModes: ['ReadWriteOnce'], local: { path }, storageClassName: '' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
    },
  });
  await client.create(resources.persistentVolumeClaims, {
    metadata: { name, namespace: BACKUP_NAMESPACE },
    spec: {
      ...{ accessModes: ['ReadWriteOnce'], storageClassName: '', volumeName: name },
      resources: { requests: size },
    },
  });
}

function volumeReady({ status }: EtcdBackup): unknown {
  return status?.conditions?.find(({ type }) => type === 'VolumeReady');
}

async function begin(): Promise<KubeClient> {
  const { endpoints } = await beginCluster();
  return (await beginStandalone(await temporaryFolder(), '--endpoints', endpoints[0] ?? '')).client;
}

describe('the volume of a claim', () => {
  it('that is full: the first attempt is the last, it says so, and there is a backup once there is room', async () => {
    const disk = await smallDisk({ bytes: 64 * MEBIBYTE });
    if (disk.limits !== 'disk') return;
    const client = await begin();
    await claimOn(client, 'small', disk.folder);
    const filler = join(disk.folder, 'filler');
    await writeFile(filler, Buffer.alloc(60 * MEBIBYTE));
    await client.create(etcdBackups, etcdBackup('full', 'small'));
    const failed = await untilDecided(client, 'full', PATIENCE_MS);
    expect(failed.status?.failure).toMatchObject({
      code: 'OPERATION_REFUSED',
      message: expect.stringContaining('BACKUP_NO_ROOM') as string,
    });
    expect(volumeReady(failed)).toMatchObject({ status: 'False', reason: 'BACKUP_NO_ROOM' });
    const job = await client.get(resources.jobs, {
      namespace: BACKUP_NAMESPACE,
      name: failed.status?.backupJob?.name ?? '',
    });
    expect(job.status).toMatchObject({ failed: 1 });
    expect(job.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Failed', reason: 'PodFailurePolicy' }),
    );
    expect(await standingBackups(disk.folder)).toHaveLength(0);

    await rm(filler);
    await client.create(etcdBackups, etcdBackup('after', 'small'));
    const taken = await untilDecided(client, 'after', PATIENCE_MS);
    expect([outcomeOf(taken), volumeReady(taken)]).toEqual(['BackupCompleted', undefined]);
    expect(await standingBackups(disk.folder)).toHaveLength(1);
  });

  it('that is read-only: it says so at the first attempt, and there is a backup once it can be written to', async () => {
    const disk = await smallDisk({ bytes: 64 * MEBIBYTE });
    if (disk.limits !== 'disk') return;
    const client = await begin();
    await claimOn(client, 'sealed', disk.folder);
    await disk.remount('ro');
    await client.create(etcdBackups, etcdBackup('refused', 'sealed'));
    const told = await waitFor(async () => volumeReady(await client.get(etcdBackups, { name: 'refused' })), {
      timeoutMs: PATIENCE_MS,
      what: 'a word about the volume',
    });
    expect(told).toMatchObject({ status: 'False', reason: 'STORE_READ_ONLY' });
    await client.delete(etcdBackups, { name: 'refused' });

    await disk.remount('rw');
    await client.create(etcdBackups, etcdBackup('after', 'sealed'));
    expect(outcomeOf(await untilDecided(client, 'after', PATIENCE_MS))).toBe('BackupCompleted');
    expect(await standingBackups(disk.folder)).toHaveLength(1);
  });

  it('that is on a node which is not there: it says so, and makes no Job', async () => {
    const client = await begin();
    await claimOn(client, 'elsewhere', '/mnt', 'master-9');
    await client.create(etcdBackups, etcdBackup('waiting', 'elsewhere'));
    const told = await waitFor(async () => volumeReady(await client.get(etcdBackups, { name: 'waiting' })), {
      timeoutMs: PATIENCE_MS,
      what: 'a word about the volume',
    });
    expect(told).toMatchObject({ status: 'False', reason: 'OPERATOR_VOLUME_NODE_GONE' });
    expect((await client.list(resources.jobs, { namespace: BACKUP_NAMESPACE })).items).toEqual([]);
  });
});
