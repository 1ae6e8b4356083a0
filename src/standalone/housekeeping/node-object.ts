import { resources, type CallOptions, type KubeClient, type NewObject, type Node } from '../../apiserver/index.ts';
import type { Clock } from '../../base/index.ts';
import { formatTime, setCondition } from '../../controller/index.ts';
import { ensure, unless } from './lookup.ts';
import type { Machine } from './machine.ts';

/** Marks the Nodes that the engine has made, so that one of a former host name can be taken away. */
const OURS = 'holdfast.io/standalone-node';

/** What the Node object is made of. */
export interface NodeFacts {
  readonly machine: Machine;
  /** The Kubernetes release that the engine speaks, as `kubectl get nodes` shows it: `v1.33.0`. */
  readonly kubernetesVersion: string;
}

/** Makes this machine's Node, or brings it up to date; a Node that the engine had made under another name goes. */
export async function ensureNode(
  client: KubeClient,
  { machine, kubernetesVersion }: NodeFacts,
  { clock, ...options }: CallOptions & { readonly clock: Clock },
): Promise<void> {
  await removeFormerNodes(client, machine.name, options);
  const made = await ensure(client, resources.nodes, nodeFor(machine), options);
  const labels = { ...made.metadata.labels, ...labelsFor(machine) };
  const node = sameWords(labels, made.metadata.labels)
    ? made
    : await client.update(resources.nodes, { ...made, metadata: { ...made.metadata, labels } }, options);
  const now = clock.now();
  const conditions = setCondition(
    node.status?.conditions,
    {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      message: 'holdfast standalone runs the pods of this machine',
    },
    { now },
  ).map((each) => (each.type === 'Ready' ? { ...each, lastHeartbeatTime: formatTime(now) } : each));
  const status = { ...node.status, ...statusFor(machine, kubernetesVersion), conditions };
  await client.updateStatus(resources.nodes, { ...node, status }, options);
}

async function removeFormerNodes(client: KubeClient, name: string, options: CallOptions): Promise<void> {
  const { items } = await client.list(resources.nodes, options);
  for (const { metadata } of items)
    if (metadata.name !== name && metadata.annotations?.[OURS] !== undefined)
      await unless('APISERVER_NOT_FOUND', client.delete(resources.nodes, { name: metadata.name }, options));
}

function nodeFor(machine: Machine): NewObject<Node> & { readonly metadata: { readonly name: string } } {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: machine.name, labels: labelsFor(machine), annotations: { [OURS]: 'true' } },
    spec: {},
  };
}

function labelsFor({ name, architecture, operatingSystem }: Machine): Record<string, string> {
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/arch': architecture,
    'kubernetes.io/os': operatingSystem,
    'node-role.kubernetes.io/control-plane': '',
    // Still what OpenShift's manifests select.
    'node-role.kubernetes.io/master': '',
  };
}

function statusFor(machine: Machine, kubernetesVersion: string): object {
  const amount = { cpu: String(machine.cpus), memory: String(machine.memoryBytes), pods: '110' };
  return {
    addresses: [
      ...machine.addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: machine.hostName },
    ],
    capacity: amount,
    allocatable: amount,
    nodeInfo: {
      machineID: '',
      systemUUID: '',
      bootID: '',
      kernelVersion: machine.kernelVersion,
      osImage: machine.operatingSystem,
      containerRuntimeVersion: 'holdfast://standalone',
      kubeletVersion: kubernetesVersion,
      kubeProxyVersion: kubernetesVersion,
      operatingSystem: machine.operatingSystem,
      architecture: machine.architecture,
    },
  };
}

function sameWords(
  left: Readonly<Record<string, string>>,
  right: Readonly<Record<string, string>> | undefined,
): boolean {
  const words = (of: Readonly<Record<string, string>>): string => JSON.stringify(Object.entries(of).toSorted());
  return words(left) === words(right ?? {});
}
