import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resources, type CronJob, type KubeClient } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, backups, etcdBackups, outcomeOf } from '../../src/crd/index.ts';
import { cuttableProxy, fill, SeededRandom, temporaryFolder, waitFor } from '../kit/index.ts';
import { processesWith, signalIfThere, type FoundProcess } from '../kit/processes.ts';
import { etcdBackup, untilDecided, type RunningStandalone } from '../kit/running-standalone.ts';
import { beginCluster, beginStandalone } from './begun.ts';
import { partFiles, proveAll } from './proven-backups.ts';

/** More kills find more; these are enough to keep what was found. */
const KILLS = Number(process.env['HOLDFAST_TEST_KILLS'] ?? 5);
const SEED = Number(process.env['HOLDFAST_TEST_SEED'] ?? 1);
const MINUTES = 60_000;
const SERIES = 'nightly';

/** What kills hit, one after the other. */
const VICTIMS = ['engine', 'backup', 'engine', 'request', 'group', 'engine', 'shell'] as const;
type Victim = (typeof VICTIMS)[number];

/** One that backs up an etcd beside it, over a line so slow that a backup takes a while. */
async function standaloneOnSlowEtcd(): Promise<RunningStandalone> {
  const cluster = await beginCluster();
  await fill(cluster, { keys: 6_000, valueBytes: 512 });
  const proxy = await cuttableProxy(cluster.endpoints[0] ?? '');
  onTestFinished(() => proxy.close());
  proxy.slowTo(8_000_000);
  return beginStandalone(await temporaryFolder(), '--endpoints', `http://${proxy.address}`);
}

function processesOf(found: readonly FoundProcess[], verb: string): readonly FoundProcess[] {
  return found.filter(({ args }) => args.includes(verb) && args.includes('--report-file'));
}

async function strike({ folder }: RunningStandalone, victim: Exclude<Victim, 'engine'>): Promise<void> {
  const found = await processesWith(folder);
  const verb = victim === 'request' ? 'request-backup' : 'backup';
  const isShell = ({ args }: FoundProcess): boolean => args.includes('holdfast-pod');
  for (const each of processesOf(found, verb)) {
    if (victim === 'group') signalIfThere(-each.group, 'SIGKILL');
    else if (isShell(each) === (victim === 'shell')) signalIfThere(each.pid, 'SIGKILL');
  }
}

/** A recurring Backup whose time never comes while the test runs; its runs are asked for by hand. */
async function recurring(client: KubeClient): Promise<CronJob> {
  await client.create(backups, {
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name: SERIES },
    spec: {
      etcd: {
        schedule: '0 0 29 2 *',
        timeZone: 'UTC',
        pvcName: '',
        retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 100 } },
      },
    },
  });
  return waitFor(() => client.get(resources.cronJobs, { namespace: BACKUP_NAMESPACE, name: SERIES }));
}

/** As `kubectl create job --from=cronjob/…` does. */
async function runOnce(client: KubeClient, cronJob: CronJob, name: string): Promise<void> {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const { uid } = cronJob.metadata;
  await client.create(resources.jobs, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: BACKUP_NAMESPACE,
      labels: metadata?.labels ?? {},
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: SERIES, uid, controller: true }],
    },
    spec,
  });
}

/** Nothing waits, runs or is about to be tried again. */
async function settled(client: KubeClient): Promise<boolean> {
  const jobs = await client.list(resources.jobs, { namespace: BACKUP_NAMESPACE });
  const hasEnded = jobs.items.every(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True'),
  );
  const { items } = await client.list(etcdBackups);
  return hasEnded && items.every((each) => outcomeOf(each) !== 'BackupPending');
}

function sleepFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe('backups while processes are killed at random moments', () => {
  it('are all decided, and none is lost, doubled or reported wrongly', { timeout: 10 * MINUTES }, async () => {
    const random = new SeededRandom(SEED);
    const running = await standaloneOnSlowEtcd();
    const cronJob = await recurring(running.client);
    const asked: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const name = `b${kill}`;
      if (random.below(3) === 0) await runOnce(running.client, cronJob, name);
      else {
        await running.client.create(etcdBackups, etcdBackup(name));
        asked.push(name);
      }
      await sleepFor(random.below(2_500));
      const victim: Victim = VICTIMS[kill % VICTIMS.length] ?? 'engine';
      if (victim !== 'engine') await strike(running, victim);
      else {
        await running.stop('SIGKILL');
        await running.start();
      }
    }
    await waitFor(() => settled(running.client), { timeoutMs: 8 * MINUTES, what: () => running.log });
    const standing = (await proveAll(running, join(running.folder, 'default'))).map(({ metadata }) => metadata.name);
    expect(standing).toEqual(expect.arrayContaining(asked));

    // Whatever was left behind keeps nobody from the next one, and goes with it.
    await running.client.create(etcdBackups, etcdBackup('last'));
    expect(outcomeOf(await untilDecided(running.client, 'last'))).toBe('BackupCompleted');
    expect(await partFiles(join(running.folder, 'default'))).toEqual([]);
    expect(await running.stop()).toBe(0);
    expect((await processesWith(running.folder)).map(({ args }) => args.join(' '))).toEqual([]);
  });
});
