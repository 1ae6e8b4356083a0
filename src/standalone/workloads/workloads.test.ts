import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { waitFor } from '../../../test/kit/wait-for.ts';
import { createKubeClient, resources, type Job, type KubeClient, type Pod } from '../../apiserver/index.ts';
import { silentLog, systemTime } from '../../base/index.ts';
import { TestApi } from '../api/test-api.ts';
import { createProcessRuntime } from './runtime/process-runtime.ts';
import { createWorkloads, type Workloads } from './workloads.ts';

const NAMESPACE = 'openshift-etcd';
const never = new AbortController().signal;

/** What stands for Holdfast: the first argument is a program for Node; FOLDER is the volume's. */
const PROGRAM = [process.execPath, '-e', 'eval(process.argv[1])'];

class Engine {
  readonly client: KubeClient;
  readonly folder: string;
  #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  workloads: Workloads;

  constructor(client: KubeClient, folder: string) {
    this.client = client;
    this.folder = folder;
    this.workloads = this.start();
  }

  static async begin(): Promise<Engine> {
    const { api } = await TestApi.start({ time: systemTime });
    const client = createKubeClient({ transport: api.transport });
    await client.create(resources.nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'master-0', labels: { role: 'master' } },
    });
    const engine = new Engine(client, await temporaryFolder());
    onTestFinished(async () => {
      await engine.workloads.drain({ graceMs: 0, signal: never });
      await engine.kill();
    });
    return engine;
  }

  start(): Workloads {
    const { client, folder } = this;
    this.#stop = new AbortController();
    this.workloads = createWorkloads({
      client,
      time: systemTime,
      log: silentLog,
      nodeName: 'master-0',
      folder: join(folder, 'pods'),
      runtime: createProcessRuntime({ time: systemTime }),
      program: PROGRAM,
      claimFolder: () => Promise.resolve(folder),
      podEnvironment: () => Promise.resolve({ FOLDER: folder }),
    });
    this.#ended = this.workloads.run(this.#stop.signal);
    return this.workloads;
  }

  /** Everything of the engine stops at once; its children run on. */
  async kill(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  job(name: string, script: string, spec: Partial<Job['spec']> = {}, pod: object = {}): Promise<Job> {
    const volumes = [{ name: 'v', hostPath: { path: this.folder } }];
    const container = { name: 'backup', image: 'x', command: ['holdfast'], args: [script] };
    const template = { spec: { restartPolicy: 'Never', volumes, containers: [container], ...pod } };
    return this.client.create(resources.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace: NAMESPACE },
      spec: { backoffLimit: 0, template, ...spec },
    });
  }

  async end(name: string): Promise<string> {
    return waitFor(async () => {
      const { status } = await this.client.get(resources.jobs, { namespace: NAMESPACE, name });
      return status?.conditions?.find(({ type, status: is }) => ['Complete', 'Failed'].includes(type) && is === 'True')
        ?.type;
    });
  }

  async pods(): Promise<readonly Pod[]> {
    return (await this.client.list(resources.pods, { namespace: NAMESPACE })).items;
  }

  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8');
  }
}

const RUN_UNTIL_TOLD = `
  const fs = require('fs'); fs.appendFileSync(process.env.FOLDER + '/runs', 'x');
  const wait = setInterval(() => fs.existsSync(process.env.FOLDER + '/go') && clearInterval(wait), 20);`;

describe('a pod', () => {
  it('runs, leaves its last word and its log, and its Job is complete', async () => {
    const engine = await Engine.begin();
    const script = "console.log('line'); require('fs').writeFileSync('/dev/termination-log', 'done')";
    await engine.job(
      'backup',
      script.replace("'/dev/termination-log'", 'process.argv[2]'),
      {},
      {
        containers: [
          {
            name: 'backup',
            image: 'x',
            command: ['holdfast'],
            args: [script.replace("'/dev/termination-log'", 'process.argv[2]'), '/dev/termination-log'],
          },
        ],
      },
    );
    expect(await engine.end('backup')).toBe('Complete');
    const [pod] = await engine.pods();
    expect(pod?.status).toMatchObject({
      phase: 'Succeeded',
      containerStatuses: [
        { restartCount: 0, state: { terminated: { exitCode: 0, reason: 'Completed', message: 'done' } } },
      ],
    });
    const log = engine.workloads.readLog(pod?.metadata ?? { name: '' }, { signal: never });
    const chunks: Uint8Array[] = [];
    for await (const chunk of log ?? []) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('line\n');
  });

  it('that names another program is refused, and says why', async () => {
    const engine = await Engine.begin();
    await engine.job('evil', '', {}, { containers: [{ name: 'c', image: 'x', command: ['sh', '-c', 'true'] }] });
    expect(await engine.end('evil')).toBe('Failed');
    const [pod] = await engine.pods();
    const { terminated } = pod?.status?.containerStatuses?.[0]?.state ?? {};
    expect(terminated?.message).toMatch(/only Holdfast's own commands run here/);
  });

  it('that fits no node stays pending, and says why', async () => {
    const engine = await Engine.begin();
    await engine.job('elsewhere', '', {}, { nodeSelector: { role: 'worker' } });
    const condition = await waitFor(async () =>
      (await engine.pods())[0]?.status?.conditions?.find(({ type }) => type === 'PodScheduled'),
    );
    expect(condition).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    expect(condition.message).toContain("1 node(s) didn't match Pod's node affinity/selector");
  });

  it('that is deleted ends before it goes', async () => {
    const engine = await Engine.begin();
    await engine.job('backup', RUN_UNTIL_TOLD);
    await waitFor(() => engine.read('runs'));
    const [pod] = await engine.pods();
    await engine.client.delete(resources.pods, pod?.metadata ?? { name: '' });
    expect(await engine.end('backup')).toBe('Failed');
    await waitFor(async () => (await engine.pods()).length === 0);
    expect(engine.workloads.running).toBe(0);
    await waitFor(async () => (await readdir(join(engine.folder, 'pods'))).length === 0);
  });

  it('ends with its Job’s deadline', async () => {
    const engine = await Engine.begin();
    await engine.job('backup', RUN_UNTIL_TOLD, { activeDeadlineSeconds: 1 });
    expect(await engine.end('backup')).toBe('Failed');
    await waitFor(() => engine.workloads.running === 0);
  });
});

describe('an engine that is killed', () => {
  it('finds its processes again, and starts none a second time', async () => {
    const engine = await Engine.begin();
    await engine.job('backup', RUN_UNTIL_TOLD);
    await waitFor(() => engine.read('runs'));
    for (let time = 0; time < 3; time++) {
      await engine.kill();
      engine.start();
      await waitFor(() => engine.workloads.running === 1);
    }
    await engine.kill();
    await writeFile(join(engine.folder, 'go'), '');
    engine.start();
    expect(await engine.end('backup')).toBe('Complete');
    expect(await engine.read('runs')).toBe('x');
  });

  it('ends what belongs to nobody any more', async () => {
    const engine = await Engine.begin();
    await engine.job('backup', RUN_UNTIL_TOLD);
    await waitFor(() => engine.read('runs'));
    await waitFor(() => engine.workloads.isIdle);
    await engine.kill();
    const [pod] = await engine.pods();
    const name = pod?.metadata ?? { name: '' };
    await engine.client.delete(resources.jobs, { name: 'backup', namespace: NAMESPACE }, { propagation: 'Background' });
    await engine.client.patch(resources.pods, name, { kind: 'merge', body: { metadata: { finalizers: [] } } });
    await engine.client.delete(resources.pods, name, { gracePeriodSeconds: 0 });
    engine.start();
    await waitFor(async () => (await readdir(join(engine.folder, 'pods'))).length === 0);
    expect(engine.workloads.running).toBe(0);
  });
});

describe('an orderly end', () => {
  it('lets running pods finish, and starts no others', async () => {
    const engine = await Engine.begin();
    await engine.job('backup', RUN_UNTIL_TOLD);
    await waitFor(() => engine.read('runs'));
    const drained = engine.workloads.drain({ graceMs: 20_000, signal: never });
    await engine.job('late', RUN_UNTIL_TOLD);
    await writeFile(join(engine.folder, 'go'), '');
    await drained;
    expect(await engine.end('backup')).toBe('Complete');
    expect(await engine.read('runs')).toBe('x');
  });

  it('ends them when their time is over', async () => {
    const engine = await Engine.begin();
    await engine.job('backup', RUN_UNTIL_TOLD);
    await waitFor(() => engine.read('runs'));
    await engine.workloads.drain({ graceMs: 50, signal: never });
    expect(engine.workloads.running).toBe(0);
    expect((await engine.pods())[0]?.status).toMatchObject({ phase: 'Failed', reason: 'Terminated' });
  });
});

it('runs no more than four at a time of many Jobs, and all of them in the end', async () => {
  const engine = await Engine.begin();
  let most = 0;
  await Promise.all(Array.from({ length: 16 }, (_, index) => engine.job(`job-${index}`, 'setTimeout(() => 0, 100)')));
  const ends: (string | undefined)[] = [];
  await waitFor(
    async () => {
      most = Math.max(most, engine.workloads.running);
      const { items } = await engine.client.list(resources.jobs, { namespace: NAMESPACE });
      ends.splice(0, ends.length, ...items.map(({ status }) => status?.conditions?.at(-1)?.type));
      return ends.every((end) => end === 'Complete');
    },
    { everyMs: 5 },
  );
  expect(ends).toHaveLength(16);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(4);
}, 20_000);
