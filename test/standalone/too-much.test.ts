import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  createHttpsTransport,
  loadKubeconfig,
  resources,
  type Job,
  type NewObject,
} from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf, type EtcdBackup } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import { etcdBackup, untilDecided } from '../kit/running-standalone.ts';
import { SeedMachine } from './seed-machine.ts';
import { rowsOf, snapshotsIn, type SeedShell } from './seed-shell.ts';

/** What users and other programs send too much of, and read too slowly, and what `holdfast standalone` makes of it. */

const MIB = 2 ** 20;
const JOBS = `/apis/batch/v1/namespaces/${BACKUP_NAMESPACE}/jobs`;

let machine: SeedMachine;
let shell: SeedShell;
const sh = (command: string): Promise<string> => shell.sh(command);
beforeAll(async () => {
  machine = await SeedMachine.start('sid');
  ({ shell } = machine);
  await machine.enableBackups();
});
afterAll(() => machine.stop());

/** A Job that nobody runs, of a little more than so many bytes. */
function largeJob(bytes: number): NewObject<Job> {
  const args = ['x'.repeat(bytes)];
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'large', namespace: BACKUP_NAMESPACE },
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'holdfast', args }] } },
    },
  };
}

async function fileWith(object: unknown): Promise<string> {
  const path = join(machine.standalone.folder, 'object.json');
  await writeFile(path, JSON.stringify(object));
  return path;
}

describe('a large object', () => {
  it('of a megabyte is kept as it is', async () => {
    const path = await fileWith(largeJob(MIB));
    expect(await sh(`kubectl create -f ${path}`)).toBe('job.batch/large created\n');
    const args = "jsonpath='{.spec.template.spec.containers[0].args[0]}'";
    expect(await sh(`kubectl get job large -o ${args} | wc -c`)).toContain(String(MIB));
    await sh('kubectl delete job large');
  });

  it('is refused where it is applied, since its annotation would be too long', async () => {
    expect(await shell.failure(`kubectl apply -f ${await fileWith(largeJob(MIB))}`)).toContain(
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    );
  });

  it('is refused above the limit, and nothing of it is kept', async () => {
    expect(await shell.failure(`kubectl create -f ${await fileWith(largeJob(4 * MIB))}`)).toContain(
      'Request entity too large: limit is 3145728',
    );
    expect(await sh('kubectl get jobs 2>&1')).toMatch(/^No resources found/);
  });
});

describe('watchers that read nothing', () => {
  const SLOW = 10;
  const CHANGES = 40;

  it('hold nobody up and cost next to nothing', async () => {
    const { client } = machine.standalone;
    await client.create(resources.jobs, largeJob(MIB));
    // As much as will be measured later goes through before, so that what is measured is the watchers' doing.
    await change(0, CHANGES);
    const leave = await watchAndReadNothing(SLOW);
    const seen: string[] = [];
    await watchJobs(({ metadata }) => seen.push(metadata.resourceVersion));
    const before = await residentBytes();
    const written = await change(CHANGES, 2 * CHANGES);
    await waitFor(() => seen.length >= CHANGES, { timeoutMs: 60_000, what: 'all changes' });
    expect(seen).toEqual(written);
    // Kept for each of them, this would be 400 MiB.
    expect((await residentBytes()) - before).toBeLessThan((SLOW * CHANGES * MIB) / 2);
    leave();
    await sh('kubectl delete job large');
    expect(await sh('kubectl get --raw /readyz')).toBe('ok');
  });

  /** @returns the revisions that were written */
  async function change(from: number, to: number): Promise<readonly string[]> {
    const written: string[] = [];
    for (let n = from; n < to; n++) {
      const body = { metadata: { labels: { n: String(n) } } };
      const name = { namespace: BACKUP_NAMESPACE, name: 'large' };
      const job = await machine.standalone.client.patch(resources.jobs, name, { kind: 'merge', body });
      written.push(job.metadata.resourceVersion);
    }
    return written;
  }

  async function watchAndReadNothing(count: number): Promise<() => void> {
    const transport = createHttpsTransport(await loadKubeconfig({ path: machine.standalone.kubeconfig }));
    const stop = new AbortController();
    const watches = Array.from({ length: count }, () =>
      transport({ method: 'GET', target: `${JOBS}?watch=1`, headers: {}, signal: stop.signal }),
    );
    for (const { status } of await Promise.all(watches)) expect(status).toBe(200);
    return () => {
      stop.abort();
      transport.close();
    };
  }
});

/** Follows the Jobs of backups from now on until the test is over. */
async function watchJobs(listener: (job: Job, isDeleted: boolean) => void): Promise<void> {
  const { client } = machine.standalone;
  const stop = new AbortController();
  const which = { namespace: BACKUP_NAMESPACE, signal: stop.signal };
  const { resourceVersion } = await client.list(resources.jobs, which);
  const follow = async (): Promise<void> => {
    for await (const event of client.watch(resources.jobs, { ...which, resourceVersion }))
      if (event.type !== 'BOOKMARK') listener(event.object, event.type === 'DELETED');
  };
  const ended = follow().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
}

/** What the engine's process has in memory. */
async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${machine.standalone.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

describe('a thousand EtcdBackups at once', () => {
  const COUNT = 1000;
  const AWAITED = 10;
  // A thousand of anything takes a while on a busy machine.
  const LONG_MS = 300_000;
  const nameOf = (n: number): string => `mass-${String(n).padStart(4, '0')}`;

  it(
    'wait in line behind one that cannot begin, and each says for whom',
    async () => {
      // The claim of a class whose volumes are made by hand stays Pending, and with it the backup that mounts it.
      await sh(
        'kubectl apply -f recurring-local/etcd-backup-local-storage.yaml -f recurring-local/etcd-backup-pvc.yaml',
      );
      await sh('kubectl apply -f dynamic/etcd-single-backup.yaml');
      await shell.untilDescribed('etcdbackup etcd-single-backup', 'waiting: PVC [etcd-backup-pvc] has no volume');
      await createAll();
      await waitFor(
        async () => rowsOf(await sh('kubectl get etcdbackups')).every(({ STATUS }) => STATUS === 'BackupPending'),
        { timeoutMs: LONG_MS, everyMs: 500, what: 'that all are pending' },
      );
      const line = [...(await all())].sort(byCreation).map(({ metadata }) => metadata.name);
      await shell.untilDescribed(`etcdbackup ${line[500]}`, `waiting for EtcdBackup ${line[499]}, which was asked for`);
    },
    LONG_MS,
  );

  it(
    'are taken one at a time, in the order in which they were asked for',
    async () => {
      const wanted = [...(await all())].sort(byCreation).map(({ metadata }) => metadata.name);
      const order: string[] = [];
      const atWork = new Set<string>();
      let mostJobs = 0;
      let mostContainers = 0;
      await watchJobs((job, isDeleted) => {
        const { name, ownerReferences: [owner] = [] } = job.metadata;
        if (owner?.name.startsWith('mass-') !== true) return;
        const isEnded = job.status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed') === true;
        if (isEnded || isDeleted) atWork.delete(name);
        else if (!atWork.has(name)) order.push(owner.name);
        if (!isEnded && !isDeleted) atWork.add(name);
        mostJobs = Math.max(mostJobs, atWork.size);
      });
      await sh('kubectl delete -f dynamic/etcd-single-backup.yaml');
      await waitFor(
        async () => {
          mostContainers = Math.max(mostContainers, (await machine.containerPids()).length);
          return order.length > AWAITED;
        },
        { timeoutMs: LONG_MS, everyMs: 200, what: () => `${AWAITED} Jobs, and not ${order.join()}` },
      );
      expect(order.slice(0, AWAITED)).toEqual(wanted.slice(0, AWAITED));
      expect([mostJobs, mostContainers]).toEqual([1, 1]);
      for (const name of order.slice(0, AWAITED))
        expect(outcomeOf(await untilDecided(machine.standalone.client, name))).toBe('BackupCompleted');
    },
    LONG_MS,
  );

  it(
    'can be removed all at once, and leave the backups that were taken and nothing else',
    async () => {
      await sh('kubectl delete etcdbackup --all --wait=false');
      await waitFor(async () => (await all()).length === 0, {
        timeoutMs: LONG_MS,
        everyMs: 500,
        what: 'no EtcdBackup',
      });
      await shell.untilNone('kubectl get etcdbackups,jobs,pods');
      await waitFor(async () => (await machine.containerPids()).length === 0, {
        timeoutMs: 60_000,
        what: 'no container',
      });
      const place = join(machine.standalone.folder, 'default');
      const taken = (await snapshotsIn(place)).map(
        (path) => /\/backup-(mass-\d{4})-[^/]+\/snapshot_[^/]+$/.exec(path)?.[1],
      );
      // Each in a folder of its own, and no second one of any.
      expect(taken.length).toBeGreaterThanOrEqual(AWAITED);
      expect(new Set(taken).size).toBe(taken.length);
      expect((await readdir(place, { recursive: true })).filter((name) => name.endsWith('.part'))).toEqual([]);
      await machine.standalone.client.create(etcdBackups, etcdBackup('afterwards'));
      expect(outcomeOf(await untilDecided(machine.standalone.client, 'afterwards'))).toBe('BackupCompleted');
    },
    LONG_MS,
  );

  /** As many at a time as a client that is in a hurry would send. */
  async function createAll(): Promise<void> {
    const names = Array.from({ length: COUNT }, (_, n) => nameOf(n)).values();
    const work = async (): Promise<void> => {
      for (const name of names) await machine.standalone.client.create(etcdBackups, etcdBackup(name));
    };
    await Promise.all(Array.from({ length: 20 }, work));
  }

  async function all(): Promise<readonly EtcdBackup[]> {
    const { items } = await machine.standalone.client.list(etcdBackups);
    return items.filter(({ metadata }) => metadata.name.startsWith('mass-'));
  }

  /** In order of creation; the API counts seconds, so names decide within one. */
  function byCreation({ metadata: a }: EtcdBackup, { metadata: b }: EtcdBackup): number {
    return a.creationTimestamp.localeCompare(b.creationTimestamp) || a.name.localeCompare(b.name);
  }
});
