import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { resources, type Job, type Pod } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf, type EtcdBackup } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import { etcdBackup, untilDecided } from '../kit/running-standalone.ts';
import { isGone, jobFor } from './backup-life.ts';
import { OperatorsOnEngine } from './operators-on-engine.ts';
import { PATIENCE, Replica } from './replica.ts';

/** So slow that a backup is at work until a test lets it go on. */
const BYTES_PER_SECOND = 20_000;

interface AtWork {
  readonly cluster: OperatorsOnEngine;
  readonly replica: Replica;
  readonly job: Job;
}

/** A cluster with an operator, and a backup `one` whose pod runs. */
async function atWork(pvcName = ''): Promise<AtWork> {
  const cluster = await OperatorsOnEngine.begin();
  const { client } = cluster;
  const replica = await Replica.begin(cluster);
  if (pvcName !== '')
    await client.create(resources.persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: pvcName, namespace: BACKUP_NAMESPACE },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
  cluster.etcd.slowTo(BYTES_PER_SECOND);
  await client.create(etcdBackups, etcdBackup('one', pvcName));
  const job = await jobFor(client, 'one');
  await runningPod(cluster, job);
  return { cluster, replica, job };
}

function podOf({ client }: OperatorsOnEngine, { metadata }: Job, what: (pod: Pod) => boolean): Promise<Pod> {
  return waitFor(
    async () => {
      const { items } = await client.list(resources.pods, { namespace: BACKUP_NAMESPACE });
      const ours = (pod: Pod): boolean => pod.metadata.ownerReferences?.[0]?.uid === metadata.uid;
      return items.find((pod) => ours(pod) && what(pod));
    },
    { ...PATIENCE, what: `a pod of ${metadata.name}` },
  );
}

function runningPod(cluster: OperatorsOnEngine, job: Job): Promise<Pod> {
  return podOf(cluster, job, ({ status }) => status?.phase === 'Running');
}

async function decided({ client }: OperatorsOnEngine, name: string): Promise<EtcdBackup> {
  return await untilDecided(client, name, PATIENCE.timeoutMs);
}

function completed(done: EtcdBackup): void {
  expect(outcomeOf(done), JSON.stringify(done.status)).toBe('BackupCompleted');
}

describe('With a backup at work', { timeout: 200_000 }, () => {
  it('the API server is killed and started again: the operator waits, and tells the outcome', async () => {
    const { cluster, job } = await atWork();
    await cluster.engine.kill();
    // The pod lives on meanwhile.
    cluster.etcd.heal();
    await cluster.engine.startAgain();
    completed(await decided(cluster, 'one'));
    expect(cluster.jobs.of(await cluster.client.get(etcdBackups, { name: 'one' }))).toHaveLength(1);
    expect((await cluster.client.get(resources.jobs, job.metadata)).metadata.uid).toBe(job.metadata.uid);
    expect(await backupsIn(cluster)).toHaveLength(1);
  });

  it('its namespace is deleted: it has failed, since its Job is gone, and the next is taken once the namespace is back', async () => {
    const { cluster, replica } = await atWork();
    const { client } = cluster;
    const namespace = { name: BACKUP_NAMESPACE };
    await client.delete(resources.namespaces, namespace);
    await client.create(etcdBackups, etcdBackup('two'));
    cluster.etcd.heal();
    await waitFor(() => isGone(client.get(resources.namespaces, namespace)), {
      ...PATIENCE,
      what: 'the namespace to go',
    });
    await waitFor(() => client.create(resources.namespaces, { metadata: namespace }), PATIENCE);
    const failed = await decided(cluster, 'one');
    expect(failed.status?.failure?.code, replica.log).toBe('OPERATOR_JOB_GONE');
    completed(await decided(cluster, 'two'));
    expect(cluster.jobs.mostAtOnce).toBe(1);
  });

  it('its claim is deleted: the claim waits for the pod, and the backup is taken', async () => {
    const { cluster } = await atWork('claim');
    const { client } = cluster;
    const claim = { namespace: BACKUP_NAMESPACE, name: 'claim' };
    await client.delete(resources.persistentVolumeClaims, claim);
    const standing = await client.get(resources.persistentVolumeClaims, claim);
    expect(standing.metadata.deletionTimestamp).toBeDefined();
    cluster.etcd.heal();
    completed(await decided(cluster, 'one'));
    await client.delete(etcdBackups, { name: 'one' });
    await waitFor(() => isGone(client.get(resources.persistentVolumeClaims, claim)), {
      ...PATIENCE,
      what: 'the claim to go',
    });
  });

  it('its pod is evicted: another takes the backup', async () => {
    const { cluster, job } = await atWork();
    const { client } = cluster;
    const pod = await runningPod(cluster, job);
    cluster.etcd.heal();
    await client.updateStatus(resources.pods, {
      ...pod,
      status: {
        ...pod.status,
        phase: 'Failed',
        reason: 'Evicted',
        message: 'The node was low on resource: memory.',
        conditions: [
          { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message: 'low on memory' },
        ],
      },
    });
    completed(await decided(cluster, 'one'));
    const { items } = await client.list(resources.pods, { namespace: BACKUP_NAMESPACE });
    expect(items.map(({ status }) => status?.phase).toSorted()).toEqual(['Failed', 'Succeeded']);
    expect(await backupsIn(cluster)).toHaveLength(1);
  });
});

async function backupsIn({ backups }: OperatorsOnEngine): Promise<readonly string[]> {
  return (await readdir(backups)).filter((name) => name.startsWith('backup-'));
}
