import { onTestFinished } from 'vitest';
import { resources, type KubeClient, type NewObject, type PersistentVolume } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';

const CLASS = 'holdfast-life';
const SIZE = { storage: '1Gi' };

function volume(name: string, storageClassName: string): NewObject<PersistentVolume> {
  const spec = { capacity: SIZE, accessModes: ['ReadWriteOnce'], hostPath: { path: `/var/lib/${name}` } };
  return { metadata: { name }, spec: { ...spec, storageClassName, persistentVolumeReclaimPolicy: 'Retain' } };
}

async function makeClaim(client: KubeClient, name: string, more: object): Promise<void> {
  await client.create(resources.persistentVolumeClaims, {
    metadata: { name, namespace: BACKUP_NAMESPACE },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: SIZE }, ...more },
  });
}

async function removedAtTheEnd(client: KubeClient, name: string): Promise<void> {
  await client.create(resources.persistentVolumes, volume(name, name.endsWith('later') ? CLASS : ''));
  onTestFinished(() => client.delete(resources.persistentVolumes, { name }).catch(() => undefined));
}

/** A claim that gets its volume when a pod comes, of a class without a provisioner. */
export async function makeLateClaim(client: KubeClient, name: string): Promise<void> {
  await client.create(resources.storageClasses, {
    metadata: { name: CLASS },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  onTestFinished(() => client.delete(resources.storageClasses, { name: CLASS }).catch(() => undefined));
  await removedAtTheEnd(client, `${CLASS}-later`);
  await makeClaim(client, name, { storageClassName: CLASS });
}

/** A claim that asks for one volume by name, which is there. */
export async function makeNamedClaim(client: KubeClient, name: string): Promise<void> {
  await removedAtTheEnd(client, `${CLASS}-named`);
  await makeClaim(client, name, { storageClassName: '', volumeName: `${CLASS}-named` });
}

/** Does what the controllers of volumes do, once a backup is said to wait for it. */
export async function bindOnceWaitedFor(client: KubeClient, claimName: string, etcdBackup: string): Promise<void> {
  await waitFor(
    async () => {
      const { status } = await client.get(etcdBackups, { name: etcdBackup });
      return status?.conditions?.some(({ message }) => message?.includes(`PVC [${claimName}] asks for volume`));
    },
    { timeoutMs: 90_000, what: `${etcdBackup} to wait for ${claimName}` },
  );
  const claim = await client.get(resources.persistentVolumeClaims, { namespace: BACKUP_NAMESPACE, name: claimName });
  await client.updateStatus(resources.persistentVolumeClaims, { ...claim, status: { phase: 'Bound', capacity: SIZE } });
}
