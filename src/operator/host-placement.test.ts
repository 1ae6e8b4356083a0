import { describe, expect, it } from 'vitest';
import { nodeOf, OperatorCluster, SUCCESS } from '../../test/kit/operator-cluster.ts';
import { ApiServerError, resources } from '../apiserver/index.ts';
import type { Backup } from '../crd/index.ts';

const MASTERS = ['master-0', 'master-1', 'master-2'];

async function threeMasters(settings = {}): Promise<OperatorCluster> {
  const cluster = new OperatorCluster(settings);
  for (const name of MASTERS) await cluster.node(name);
  return cluster;
}

/** What a backup's Job keeps: `--retain-number 5`. */
function kept(cluster: OperatorCluster, name: string): string {
  const args = cluster.jobOf(name)?.spec.template.spec.containers[0]?.args ?? [];
  const at = args.findIndex((each) => each.startsWith('--retain-'));
  return at === -1 ? 'all' : args.slice(at, at + 2).join(' ');
}

/** Takes so many backups of a series one after the other. @returns the nodes, in that order */
async function take(cluster: OperatorCluster, series: string, count: number, from = 0): Promise<readonly string[]> {
  const nodes: string[] = [];
  for (let index = from; index < from + count; index += 1) {
    const name = `${series}-${index}`;
    await cluster.ask(name, { series });
    const job = cluster.jobOf(name);
    nodes.push((job && nodeOf(job)) ?? 'any');
    await cluster.end(name, SUCCESS);
    await cluster.pass(60_000);
  }
  return nodes;
}

function keeping(maxNumberOfBackups: number): Backup['spec']['etcd'] {
  const retentionPolicy = { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups } };
  return { schedule: '20 4 * * *', timeZone: 'UTC', retentionPolicy };
}

describe('Backups that name no claim', () => {
  it('go to the control-plane nodes in turns', async () => {
    const cluster = await threeMasters();
    expect(await take(cluster, 'nightly', 5)).toEqual([...MASTERS, 'master-0', 'master-1']);
  });

  it('say from the start to which', async () => {
    const cluster = await threeMasters();
    await cluster.ask('single');
    expect(cluster.etcdBackup('single').status?.nodeName).toBe('master-0');
  });

  it('of two series take turns apart', async () => {
    const cluster = await threeMasters();
    await take(cluster, 'nightly', 2);
    expect(await take(cluster, 'weekly', 1)).toEqual(['master-0']);
  });

  it('pass a node by that is not ready or is cordoned', async () => {
    const cluster = await threeMasters();
    await cluster.node('master-0', { isReady: false });
    await cluster.node('master-1', { isCordoned: true });
    expect(await take(cluster, 'nightly', 2)).toEqual(['master-2', 'master-2']);
  });

  it('go to no node that lacks a label which the pods ask for', async () => {
    const etcd = { 'node-role.kubernetes.io/etcd': 'true' };
    const cluster = await threeMasters({ backupPod: { spec: { nodeSelector: etcd } } });
    await cluster.node('master-3', { labels: etcd });
    await cluster.node('master-4', { labels: etcd });
    expect(await take(cluster, 'nightly', 2)).toEqual(['master-3', 'master-4']);
  });

  it('go on with the next node after one failed', async () => {
    const cluster = await threeMasters();
    await cluster.ask('single-1');
    await cluster.endJob(cluster.jobs()[0] ?? expect.fail('no Job'), 'Failed', 'No space left on device');
    await cluster.settle();
    await cluster.pass(1_000);
    await cluster.ask('single-2');
    expect(cluster.etcdBackup('single-2').status?.nodeName).toBe('master-1');
  });

  it('wait while no node is ready, say so, and begin when one is', async () => {
    const cluster = await threeMasters();
    for (const name of MASTERS) await cluster.node(name, { isReady: false });
    await cluster.ask('single');
    expect(cluster.jobs()).toEqual([]);
    const [condition] = cluster.etcdBackup('single').status?.conditions ?? [];
    expect(condition).toMatchObject({ type: 'BackupPending', status: 'True' });
    expect(condition?.message).toContain('no control-plane node that is ready');
    await cluster.node('master-1');
    await cluster.pass(15_000);
    expect(cluster.etcdBackup('single').status?.nodeName).toBe('master-1');
  });

  it('say so where the operator may not see the nodes', async () => {
    const cluster = await threeMasters();
    const list = cluster.api.list.bind(cluster.api);
    cluster.api.list = (resource, options) =>
      resource.plural === 'nodes'
        ? Promise.reject(new ApiServerError('APISERVER_FORBIDDEN', 'nodes is forbidden', { hint: 'Allow it.' }))
        : list(resource, options);
    await cluster.ask('single');
    const [condition] = cluster.etcdBackup('single').status?.conditions ?? [];
    expect(condition?.message).toContain('nodes is forbidden');
  });

  it('leave the choice to the scheduler where there is none, and where they may run anywhere', async () => {
    const alone = new OperatorCluster();
    await alone.node('master-0');
    expect(await take(alone, 'nightly', 1)).toEqual(['any']);
    const anywhere = await threeMasters({ onControlPlane: false });
    expect(await take(anywhere, 'nightly', 1)).toEqual(['any']);
  });

  it('with a claim go where the claim can be reached', async () => {
    const cluster = await threeMasters();
    await cluster.claim('etcd-backup-pvc');
    await cluster.ask('single', { pvcName: 'etcd-backup-pvc' });
    const job = cluster.jobOf('single');
    expect(job && nodeOf(job)).toBeUndefined();
  });
});

describe('What is kept of a series', () => {
  it('is divided among the nodes, to the exact number', async () => {
    const cluster = await threeMasters();
    await cluster.schedule('nightly', keeping(5));
    const shares: string[] = [];
    for (let index = 0; index < 3; index += 1) {
      await cluster.ask(`run-${index}`, { series: 'nightly' });
      shares.push(kept(cluster, `run-${index}`));
      await cluster.end(`run-${index}`, SUCCESS);
      await cluster.pass(1_000);
    }
    expect(shares).toEqual(['--retain-number 2', '--retain-number 2', '--retain-number 1']);
  });

  it('is divided by size in equal parts', async () => {
    const cluster = await threeMasters();
    const retentionPolicy = { retentionType: 'RetentionSize', retentionSize: { maxSizeOfBackupsGb: 12 } };
    await cluster.schedule('nightly', { schedule: '20 4 * * *', timeZone: 'UTC', retentionPolicy });
    await cluster.ask('run', { series: 'nightly' });
    expect(kept(cluster, 'run')).toBe('--retain-size-gb 4');
  });

  it('uses as few nodes as there are backups to keep, unless those are not healthy', async () => {
    const cluster = await threeMasters();
    await cluster.schedule('nightly', keeping(2));
    expect(await take(cluster, 'nightly', 3)).toEqual(['master-0', 'master-1', 'master-0']);
    await cluster.node('master-0', { isReady: false });
    await cluster.node('master-1', { isReady: false });
    await cluster.ask('nightly-3', { series: 'nightly' });
    expect(cluster.etcdBackup('nightly-3').status?.nodeName).toBe('master-2');
    expect(kept(cluster, 'nightly-3')).toBe('--retain-number 1');
  });

  it('is added up over the nodes in the status', async () => {
    const cluster = await threeMasters();
    await cluster.schedule('nightly', keeping(5));
    for (const [index, backups] of [2, 2, 1].entries()) {
      await cluster.ask(`run-${index}`, { series: 'nightly' });
      await cluster.end(`run-${index}`, { ...SUCCESS, kept: { backups, bytes: backups * 100, removed: 0, failed: 0 } });
      await cluster.pass(1_000);
    }
    const { kept: total, hosts } = cluster.backup('nightly').status ?? {};
    expect(total).toEqual({ backups: 5, bytes: 500 });
    expect(hosts).toMatchObject([
      { name: 'master-0', backups: 2, bytes: 200 },
      { name: 'master-1', backups: 2, bytes: 200 },
      { name: 'master-2', backups: 1, bytes: 100 },
    ]);
  });

  it('does not count what lay on a node that is gone for good, and is divided among those that are left', async () => {
    const cluster = await threeMasters();
    await cluster.schedule('nightly', keeping(5));
    const run = async (index: number, backups: number): Promise<void> => {
      await cluster.ask(`run-${index}`, { series: 'nightly' });
      await cluster.end(`run-${index}`, { ...SUCCESS, kept: { backups, bytes: backups * 100, removed: 0, failed: 0 } });
      await cluster.pass(1_000);
    };
    for (const [index, backups] of [2, 2, 1].entries()) await run(index, backups);
    await cluster.node('master-1', { isReady: false });
    await run(3, 2);
    // It is off, and what is on its disk is not lost.
    expect(cluster.backup('nightly').status?.hosts?.map(({ name }) => name)).toEqual(MASTERS);
    await cluster.api.delete(resources.nodes, { name: 'master-1' });
    await cluster.ask('next', { series: 'nightly' });
    expect(kept(cluster, 'next')).toBe('--retain-number 2');
    await cluster.end('next', { ...SUCCESS, kept: { backups: 2, bytes: 200, removed: 0, failed: 0 } });
    await cluster.pass(60_000);
    const { kept: total, hosts } = cluster.backup('nightly').status ?? {};
    expect(hosts?.map(({ name }) => name)).toEqual(['master-0', 'master-2']);
    expect(total).toEqual({ backups: 4, bytes: 400 });
  });
});

describe('A node in trouble', () => {
  it('takes a backup where none is without', async () => {
    const cluster = await threeMasters();
    for (const name of MASTERS) await cluster.node(name, { isCordoned: true });
    await cluster.node('master-0', { isReady: false });
    expect(await take(cluster, 'nightly', 2)).toEqual(['master-1', 'master-2']);
  });

  it.each(['MemoryPressure', 'PIDPressure', 'DiskPressure'])('is passed by: %s', async (pressure) => {
    const cluster = await threeMasters();
    await cluster.node('master-0', { pressure });
    expect(await take(cluster, 'nightly', 3)).toEqual(['master-1', 'master-2', 'master-1']);
  });

  it('with a full disk comes after one that is cordoned', async () => {
    const cluster = await threeMasters();
    await cluster.node('master-0', { pressure: 'DiskPressure' });
    await cluster.node('master-1', { isReady: false });
    await cluster.node('master-2', { isCordoned: true });
    expect(await take(cluster, 'nightly', 1)).toEqual(['master-2']);
  });

  it('whose disk a backup found full is passed by for a day', async () => {
    const cluster = await threeMasters();
    await cluster.ask('full');
    await cluster.end('full', { outcome: 'failed', code: 'STORE_FULL', message: 'no space left', hint: 'Make room.' });
    expect(cluster.etcdBackup('full').status?.conditions).toMatchObject([
      {},
      { type: 'VolumeReady', status: 'False', reason: 'STORE_FULL' },
      { type: 'BackupFailed' },
    ]);
    expect(await take(cluster, 'nightly', 3)).toEqual(['master-1', 'master-2', 'master-1']);
    await cluster.pass(24 * 3_600_000);
    expect(await take(cluster, 'nightly', 2, 3)).toEqual(['master-0', 'master-2']);
  });
});

describe('A pod that cannot start', () => {
  it('is told of while its Job waits', async () => {
    const cluster = await threeMasters();
    await cluster.ask('single');
    const job = cluster.jobOf('single') ?? expect.fail('no Job');
    await cluster.waitingPod(job, '0/3 nodes are available: 3 Insufficient memory.');
    await cluster.pass(11_000);
    const message = `Executing job ${job.metadata.name} to save the backup; its pod waits: Unschedulable: 0/3 nodes are available: 3 Insufficient memory.`;
    expect(cluster.etcdBackup('single').status?.conditions).toMatchObject([{ type: 'BackupPending', message }]);
  });
});
