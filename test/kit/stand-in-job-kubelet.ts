import { join } from 'node:path';
import * as z from 'zod';
import {
  createHttpsTransport,
  createKubeClient,
  loadKubeconfig,
  resources,
  type KubeClient,
  type NewObject,
  type Node,
  type Pod,
  type Transport,
} from '../../src/apiserver/index.ts';
import { messageOf, silentLog, systemTime } from '../../src/base/index.ts';
import {
  createController,
  createEventRecorder,
  createInformer,
  formatMicroTime,
  formatTime,
  keyOf,
  parseKey,
} from '../../src/controller/index.ts';
import { createClaimFolder } from '../../src/standalone/volumes/claim-folder.ts';
import { createPodRunner, createProcessRuntime } from '../../src/standalone/workloads/index.ts';
import { holdfastCommand } from './holdfast.ts';
import { hasToken, withoutHost } from './without-host.ts';

export interface StandInJobKubeletOptions {
  /** Of an API server without a scheduler and without a kubelet of its own, with an administrator's rights. */
  readonly kubeconfig: string;
  /** Where it keeps what it has of its pods. */
  readonly folder: string;
  /** The Node that it makes and removes. */
  readonly nodeName: string;
  /** Whose pods it runs. */
  readonly namespace: string;
  /** A kubeconfig with the token of an account of the namespace, for pods that are to have it. */
  readonly kubeconfigOf: (account: string) => Promise<string>;
}

const shared = { time: systemTime, log: silentLog };
const HEARTBEAT_MS = 10_000;
const LEASES = 'kube-node-lease';

/**
 * A stand-in for the scheduler and the kubelet of one control-plane node: makes the Node and renews its Lease, binds the
 * pods of a namespace once their claims are bound, runs their commands as processes and reports how they do. The last is the
 * work of the engine's own runner of pods, here over HTTPS and held to a real server's rules: the program is the real one,
 * and there are no mount namespaces, so that mounts are mapped to folders. Pods have neither the folders of a control-plane host,
 * which this machine is not, nor the token of their account as a mount: they get a kubeconfig with it.
 */
export class StandInJobKubelet {
  readonly #options: StandInJobKubeletOptions;
  readonly #transport: Transport & { close(): void };
  readonly #client: KubeClient;
  readonly #ending = new AbortController();
  #ended: Promise<unknown> = Promise.resolve();
  #heart: NodeJS.Timeout | undefined;

  private constructor(options: StandInJobKubeletOptions, transport: Transport & { close(): void }) {
    this.#options = options;
    this.#transport = transport;
    this.#client = createKubeClient({ transport, userAgent: 'stand-in-kubelet/1' });
  }

  static async start(options: StandInJobKubeletOptions): Promise<StandInJobKubelet> {
    const kubelet = new StandInJobKubelet(
      options,
      createHttpsTransport(await loadKubeconfig({ path: options.kubeconfig })),
    );
    await kubelet.#register();
    kubelet.#run();
    return kubelet;
  }

  /** Stops working and takes the Node away. Its pods should have ended. */
  async stop(): Promise<void> {
    clearInterval(this.#heart);
    this.#ending.abort();
    await this.#ended;
    const { nodeName: name } = this.#options;
    await this.#client.delete(resources.nodes, { name });
    await this.#client.delete(resources.leases, { name, namespace: LEASES }).catch(() => undefined);
    this.#transport.close();
  }

  async #register(): Promise<void> {
    const { nodeName } = this.#options;
    const node = await this.#client.create(resources.nodes, nodeFor(nodeName));
    const now = formatTime(systemTime.now());
    const ready = {
      type: 'Ready',
      status: 'True' as const,
      reason: 'KubeletReady',
      message: 'the stand-in for a kubelet runs',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    await this.#client.patch(
      resources.nodes,
      node.metadata,
      {
        kind: 'merge',
        body: { status: { conditions: [ready] } },
      },
      { subresource: 'status' },
    );
    await this.#client.create(resources.leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: nodeName, namespace: LEASES },
      spec: { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime: formatMicroTime(systemTime.now()) },
    });
    this.#heart = setInterval(() => void this.#beat(), HEARTBEAT_MS);
  }

  async #beat(): Promise<void> {
    const name = { name: this.#options.nodeName, namespace: LEASES };
    const body = { spec: { renewTime: formatMicroTime(systemTime.now()) } };
    // One that is missed is made up for by the next.
    await this.#client.patch(resources.leases, name, { kind: 'merge', body }).catch(() => undefined);
  }

  #run(): void {
    const { folder, nodeName, namespace, kubeconfigOf } = this.#options;
    const client = withoutHost(this.#client);
    const pods = createInformer(client, resources.pods, { ...shared, namespace });
    const nodes = createInformer(client, resources.nodes, shared);
    const events = createEventRecorder(client, { component: 'kubelet', ...shared });
    const runner = createPodRunner({
      ...shared,
      client,
      nodeName,
      folder: join(folder, 'pods'),
      runtime: createProcessRuntime({ time: systemTime }),
      program: holdfastCommand(),
      claimFolder: createClaimFolder({ client, events, nodeName }),
      podEnvironment: async (pod) => ({
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        // What is left of the pod does not say whether it has a token.
        ...(hasToken(await this.#client.get(resources.pods, pod.metadata)) && {
          KUBECONFIG: await kubeconfigOf(accountOf(pod)),
        }),
      }),
      pods,
    });
    const binder = createController(
      {
        name: 'stand-in-scheduler',
        informers: [pods],
        reconcile: async (key) => {
          const pod = pods.get(parseKey(key));
          return pod !== undefined && isForBinding(pod) ? await this.#bind(pod) : undefined;
        },
      },
      shared,
    );
    pods.onChange((pod) => binder.enqueue(keyOf(pod)));
    this.#ended = Promise.all([pods, nodes, runner, binder].map((each) => each.run(this.#ending.signal)));
  }

  async #bind(pod: Pod): Promise<{ readonly again: number } | undefined> {
    const { name, namespace = '' } = pod.metadata;
    for (const { persistentVolumeClaim: mounted } of pod.spec.volumes ?? []) {
      if (mounted === undefined) continue;
      const claim = { namespace, name: mounted.claimName };
      const found = await this.#client.get(resources.persistentVolumeClaims, claim).catch(() => undefined);
      if (found?.status?.phase !== 'Bound') return { again: 500 };
    }
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name },
      target: { apiVersion: 'v1', kind: 'Node', name: this.#options.nodeName },
    };
    const answer = await this.#transport({
      method: 'POST',
      target: `/api/v1/namespaces/${namespace}/pods/${name}/binding`,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from(JSON.stringify(binding)),
      signal: AbortSignal.timeout(30_000),
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    // Bound before, or gone meanwhile.
    if (answer.status < 300 || answer.status === 409 || answer.status === 404) return undefined;
    throw new Error(`the pod ${name} cannot be bound: ${messageOf(Buffer.concat(chunks).toString())}`);
  }
}

function accountOf({ spec }: Pod): string {
  return z.string().catch('default').parse(spec['serviceAccountName']);
}

function isForBinding({ metadata, spec }: Pod): boolean {
  return (spec.nodeName ?? '') === '' && metadata.deletionTimestamp === undefined;
}

function nodeFor(name: string): NewObject<Node> {
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node-role.kubernetes.io/control-plane': '',
    'node-role.kubernetes.io/master': '',
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: {} };
}
