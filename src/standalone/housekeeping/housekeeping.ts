import { resources, type CallOptions, type KubeClient, type Transport } from '../../apiserver/index.ts';
import type { Log, Time } from '../../base/index.ts';
import { createController, createEventRecorder, createInformer, type Controller } from '../../controller/index.ts';
import { BACKUP_NAMESPACE, featureGates } from '../../crd/index.ts';
import { ensureClusterVersion } from './cluster-version.ts';
import { sweepEvents } from './event-sweeper.ts';
import { FeatureGateKeeper } from './feature-gate.ts';
import { finalizeNamespace } from './finalize-namespace.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { ensure } from './lookup.ts';
import { NamespaceEmptier } from './namespace-emptier.ts';
import { ensureNode, type NodeFacts } from './node-object.ts';
import { ServedKinds } from './served-kinds.ts';

export interface HousekeepingOptions extends NodeFacts {
  readonly client: KubeClient;
  /** For the one request that a client of objects has no call for. */
  readonly transport: Transport;
  readonly time: Time;
  readonly log: Log;
  /** From 0 to below 1, to spread waits. */
  readonly random?: (() => number) | undefined;
  /** The OpenShift release that ClusterVersion says; undefined: there is no ClusterVersion. */
  readonly openshiftVersion?: string | undefined;
  /** Holdfast's own version, for FeatureGate's status where there is no OpenShift release. */
  readonly holdfastVersion: string;
  /** The kinds Backup and EtcdBackup are there from the start, whatever the FeatureGate says. */
  readonly enableBackups: boolean;
}

export interface Housekeeping {
  /** Makes what has to stand before anything else: namespaces, Node, ClusterVersion, FeatureGate, and kinds if enabled. */
  prepare(options?: CallOptions): Promise<void>;
  /** Works until the signal. */
  run(signal: AbortSignal): Promise<void>;
  /** Nothing is at work and nothing is due now. */
  readonly isIdle: boolean;
}

/** The namespaces that stand from the start. */
const NAMESPACES = ['default', 'kube-system', 'kube-public', BACKUP_NAMESPACE];

/** The one key of controllers that look after one thing. */
const ONLY = 'cluster';

/** What a cluster does by itself, on one machine: garbage, namespaces, old events, the Node, the FeatureGate. */
export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const gate = new FeatureGateKeeper({
    client: options.client,
    log: options.log,
    enableBackups: options.enableBackups,
    release: options.openshiftVersion ?? options.holdfastVersion,
  });
  const kinds = new ServedKinds(options.client, options);
  const gates = createInformer(options.client, featureGates, options);
  const controllers = [
    garbageController(options, kinds),
    namespaceController(options, kinds),
    gateController(options, gate, { kinds, gates }),
    nodeController(options, kinds),
    eventController(options),
  ];
  return {
    prepare: (callOptions = {}) => prepare(options, gate, callOptions),
    get isIdle() {
      return kinds.hasSynced && controllers.every((controller) => controller.isIdle);
    },
    async run(signal) {
      await Promise.all([kinds.run(signal), gates.run(signal), ...controllers.map((each) => each.run(signal))]);
    },
  };
}

async function prepare(options: HousekeepingOptions, gate: FeatureGateKeeper, callOptions: CallOptions): Promise<void> {
  const { client, time: clock, openshiftVersion } = options;
  for (const name of NAMESPACES)
    await ensure(
      client,
      resources.namespaces,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      callOptions,
    );
  await ensureNode(client, options, { ...callOptions, clock });
  if (openshiftVersion !== undefined) await ensureClusterVersion(client, openshiftVersion, { ...callOptions, clock });
  await gate.reconcile(callOptions);
}

function garbageController(options: HousekeepingOptions, kinds: ServedKinds): Controller {
  const { client, log, time } = options;
  const events = createEventRecorder(client, { component: 'garbage-collector-controller', time, log });
  const collector = new GarbageCollector({ client, kinds, events, log, enqueue: (key) => controller.enqueue(key) });
  const controller = createController(
    { name: 'garbage', informers: [kinds], reconcile: (key, signal) => collector.reconcile(key, signal) },
    options,
  );
  return controller;
}

function namespaceController(options: HousekeepingOptions, kinds: ServedKinds): Controller {
  const { client, time: clock, transport } = options;
  const emptier = new NamespaceEmptier({
    client,
    kinds,
    clock,
    finalize: (namespace, callOptions) => finalizeNamespace(transport, namespace, callOptions),
  });
  const controller = createController(
    { name: 'namespaces', informers: [kinds], reconcile: (key, signal) => emptier.reconcile(key, signal) },
    options,
  );
  kinds.onChange((resource, { metadata }) => {
    if (resource.plural === 'namespaces' && metadata.deletionTimestamp !== undefined) controller.enqueue(metadata.name);
  });
  return controller;
}

function gateController(
  options: HousekeepingOptions,
  gate: FeatureGateKeeper,
  { kinds, gates }: { readonly kinds: ServedKinds; readonly gates: ReturnType<typeof createInformer> },
): Controller {
  const controller = createController(
    { name: 'feature-gate', informers: [gates], reconcile: (_, signal) => gate.reconcile({ signal }) },
    options,
  );
  gates.onChange(() => controller.enqueue(ONLY));
  kinds.onChange(({ plural }, _, previous, isDeleted) => {
    if (plural === 'customresourcedefinitions' && (isDeleted || previous === undefined)) controller.enqueue(ONLY);
  });
  return controller;
}

function nodeController(options: HousekeepingOptions, kinds: ServedKinds): Controller {
  const { client, time: clock } = options;
  const controller = createController(
    { name: 'node', informers: [kinds], reconcile: (_, signal) => ensureNode(client, options, { signal, clock }) },
    options,
  );
  kinds.onChange(({ plural }, { metadata }, _, isDeleted) => {
    if (plural === 'nodes' && isDeleted && metadata.name === options.machine.name) controller.enqueue(ONLY);
  });
  return controller;
}

function eventController(options: HousekeepingOptions): Controller {
  const { client, time: clock } = options;
  const controller = createController(
    {
      name: 'events',
      informers: [],
      reconcile: async (_, signal) => ({ again: await sweepEvents(client, clock, { signal }) }),
    },
    options,
  );
  controller.enqueue(ONLY);
  return controller;
}
