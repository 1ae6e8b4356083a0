import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { OperatorCluster, SUCCESS, type OperatorTestApi } from '../../test/kit/operator-cluster.ts';
import { SeededRandom } from '../../test/kit/seeded-random.ts';
import { ApiServerError, type KubeClient } from '../apiserver/index.ts';
import { silentLog, type Time } from '../base/index.ts';
import { createLeaderElection, type LeaderElection } from '../controller/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf } from '../crd/index.ts';
import { createOperator } from './create-operator.ts';
import { isEnded } from './job-state.ts';
import { createLeadingOperator } from './leading-operator.ts';

/** The API as one replica reaches it, over a network that can be cut. */
class Wire {
  isCut = false;
  readonly client: KubeClient;

  constructor(api: OperatorTestApi) {
    this.client = {
      get: (resource, object) => this.#through(() => api.get(resource, object)),
      list: (resource, object) => this.#through(() => api.list(resource, object)),
      create: (resource, object) => this.#through(() => api.create(resource, object)),
      update: (resource, object) => this.#through(() => api.update(resource, object)),
      updateStatus: (resource, object) => this.#through(() => api.updateStatus(resource, object)),
      patch: (resource, name, patch) => this.#through(() => api.patch(resource, name, patch)),
      delete: (resource, object) => this.#through(() => api.delete(resource, object)),
      getText: (target) => this.#through(() => api.getText(target)),
      bindPod: (pod, nodeName) => this.#through(() => api.bindPod(pod, nodeName)),
      watch: (resource, options) => this.#watch(api.watch(resource, options)),
    };
  }

  async #through<R>(call: () => Promise<R>): Promise<R> {
    this.#check();
    const answer = await call();
    // It has been done, and nobody hears of it.
    this.#check();
    return answer;
  }

  async *#watch<E>(events: AsyncIterable<E>): AsyncGenerator<E> {
    for await (const event of events) {
      this.#check();
      yield event;
    }
  }

  #check(): void {
    if (this.isCut) throw new ApiServerError('APISERVER_UNREACHABLE', 'the network is cut', { hint: 'Mend it.' });
  }
}

/** A process that a Deployment keeps alive, on a node whose clock is wrong by so much. */
class Replica {
  readonly wire: Wire;
  readonly #cluster: OperatorCluster;
  readonly #name: string;
  readonly #time: Time;
  #starts = 0;
  #stop = new AbortController();
  #election: LeaderElection | undefined;

  constructor(cluster: OperatorCluster, name: string, wrongByMs: number) {
    this.#cluster = cluster;
    this.#name = name;
    this.wire = new Wire(cluster.api);
    const { time } = cluster;
    this.#time = {
      now: () => new Date(time.now().getTime() + wrongByMs),
      monotonicMs: () => time.monotonicMs(),
      after: (ms, run) => time.after(ms, run),
    };
    this.start();
  }

  get leads(): boolean {
    return this.#election?.isLeader === true;
  }

  start(): void {
    this.#stop = new AbortController();
    const { client } = this.wire;
    const time = this.#time;
    const identity = `${this.#name}_${(this.#starts += 1)}`;
    this.#election = createLeaderElection({
      ...{ client, time, identity, log: silentLog },
      namespace: BACKUP_NAMESPACE,
      name: 'holdfast-operator',
    });
    const operator = createOperator({ client, time, log: silentLog, settings: this.#cluster.settings });
    const { signal } = this.#stop;
    void createLeadingOperator(operator, this.#election)
      .run(signal)
      // It has lost its lease: the process ends, and is started again.
      .catch(() => this.start());
  }

  /** As by SIGKILL: nothing of it reaches the API any more, and the Lease stays as it is. */
  kill(): void {
    this.wire.isCut = true;
    this.#stop.abort(new Error('killed'));
  }
}

async function settle(cluster: OperatorCluster): Promise<void> {
  for (let round = 0; round < 25; round += 1) {
    cluster.time.advance(0);
    await turn();
  }
}

async function pass(cluster: OperatorCluster, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) {
    cluster.time.advance(Math.min(left, 500));
    await settle(cluster);
    expect(cluster.jobs().filter((job) => !isEnded(job)).length).toBeLessThanOrEqual(1);
  }
}

async function withReplicas(
  ...wrongByMs: readonly number[]
): Promise<{ cluster: OperatorCluster; replicas: Replica[] }> {
  const cluster = new OperatorCluster();
  await cluster.stopOperator();
  // What the cluster waits for is its own operator, and there are several here.
  const own = cluster.operator;
  cluster.operator = {
    ...own,
    isIdle: true,
    run: (signal) => own.run(signal),
    metrics: () => own.metrics(),
    isReady: () => own.isReady(),
  };
  return { cluster, replicas: wrongByMs.map((each, index) => new Replica(cluster, `operator-${index}`, each)) };
}

async function ask(cluster: OperatorCluster, name: string): Promise<void> {
  await cluster.api.create(etcdBackups, {
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name },
    spec: {},
  });
  await settle(cluster);
}

async function endAll(cluster: OperatorCluster): Promise<void> {
  for (let round = 0; round < 40; round += 1) {
    for (const job of cluster.jobs().filter((each) => !isEnded(each))) await endWell(cluster, job);
    await pass(cluster, 5_000);
  }
}

async function endWell(cluster: OperatorCluster, job: Parameters<OperatorCluster['endJob']>[0]): Promise<void> {
  const name = job.metadata.ownerReferences?.[0]?.name ?? '';
  await cluster.endJob(job, 'Complete', { ...SUCCESS, folder: `backup-${name}`, id: `backup-${name}/1` });
}

describe('Of several replicas', { timeout: 120_000 }, () => {
  it('another one goes on where the leader was killed in the middle of a backup', async () => {
    const { cluster, replicas } = await withReplicas(0, 0);
    await pass(cluster, 3_000);
    const leader = replicas.find(({ leads }) => leads) ?? expect.fail('nobody leads');
    await ask(cluster, 'one');
    await ask(cluster, 'two');
    await pass(cluster, 2_000);
    leader.kill();
    await pass(cluster, 30_000);
    expect(cluster.jobs()).toHaveLength(1);
    await endAll(cluster);
    expect(['one', 'two'].map((name) => outcomeOf(cluster.etcdBackup(name)))).toEqual([
      'BackupCompleted',
      'BackupCompleted',
    ]);
    expect(cluster.jobs()).toHaveLength(2);
  });

  it('one that is cut off for longer than its lease stops before another begins', async () => {
    const { cluster, replicas } = await withReplicas(0, 0);
    await pass(cluster, 3_000);
    const leader = replicas.find(({ leads }) => leads) ?? expect.fail('nobody leads');
    const other = replicas.find((each) => each !== leader) ?? expect.fail('nobody stands by');
    leader.wire.isCut = true;
    let wereBoth = false;
    for (let second = 0; second < 40; second += 1) {
      await pass(cluster, 1_000);
      wereBoth ||= leader.leads && other.leads;
    }
    expect(wereBoth).toBe(false);
    expect(other.leads).toBe(true);
    leader.wire.isCut = false;
    await ask(cluster, 'one');
    await endAll(cluster);
    expect(outcomeOf(cluster.etcdBackup('one'))).toBe('BackupCompleted');
  });

  it.each([1, 2, 3])(
    'one backup is at work at a time, and each is taken once, whatever is cut off, killed or wrong by an hour (%i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const { cluster, replicas } = await withReplicas(0, 3_600_000, -3_600_000);
      let asked = 0;
      for (let step = 0; step < 60; step += 1) {
        const replica = random.pick(replicas);
        const what = random.below(6);
        if (what === 0) replica.wire.isCut = true;
        else if (what === 1) for (const each of replicas) each.wire.isCut = false;
        else if (what === 2) {
          replica.kill();
          await pass(cluster, 500);
          replica.wire.isCut = false;
          replica.start();
        } else if (what === 3 && asked < 12) await ask(cluster, `backup-${String((asked += 1)).padStart(2, '0')}`);
        else for (const job of cluster.jobs().filter((each) => !isEnded(each))) await endWell(cluster, job);
        await pass(cluster, 1_000 + random.below(20_000));
      }
      for (const each of replicas) each.wire.isCut = false;
      await endAll(cluster);
      const all = cluster.api.all(etcdBackups);
      expect(all).toHaveLength(asked);
      expect(all.map(outcomeOf)).toEqual(all.map(() => 'BackupCompleted'));
      const made = cluster.api.writes.filter(({ verb, plural }) => verb === 'create' && plural === 'jobs');
      expect(made).toHaveLength(asked);
      expect(all.map(({ metadata, status }) => status?.backup?.folder === `backup-${metadata.name}`)).toEqual(
        all.map(() => true),
      );
    },
  );
});
