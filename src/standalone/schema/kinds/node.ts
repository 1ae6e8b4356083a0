import {
  about,
  byDefault,
  each,
  flag,
  int32,
  int64,
  list,
  listBy,
  loose,
  named,
  object,
  quantities,
  text,
  texts,
  time,
} from '../declare.ts';
import { listAt, objectAt, textAt, valueAt, type JsonObject } from '../json.ts';
import { objectSchema } from '../metadata-schema.ts';
import { ageColumn, ageOf, builtIn, column, nameColumn, nameOf, orNone, wide } from './built-in.ts';

const taint = named(
  'core.v1.Taint',
  { ...each(text, 'key', 'value', 'effect'), timeAdded: time },
  { required: ['key', 'effect'] },
);

const spec = named('core.v1.NodeSpec', {
  unschedulable: about('Whether new pods are kept away.', flag),
  taints: about('What pods must tolerate to run here.', list(taint)),
  ...each(text, 'podCIDR', 'providerID', 'externalID'),
  podCIDRs: { ...texts, 'x-kubernetes-list-type': 'set', 'x-kubernetes-patch-strategy': 'merge' },
  configSource: loose,
});

const condition = named(
  'core.v1.NodeCondition',
  {
    ...each(text, 'type', 'status', 'reason', 'message'),
    ...each(time, 'lastHeartbeatTime', 'lastTransitionTime'),
  },
  { required: ['type', 'status'] },
);

const nodeInfo = named('core.v1.NodeSystemInfo', {
  ...each(text, 'architecture', 'bootID', 'containerRuntimeVersion', 'kernelVersion', 'kubeProxyVersion'),
  ...each(text, 'kubeletVersion', 'machineID', 'operatingSystem', 'osImage', 'systemUUID'),
  swap: object({ capacity: int64 }),
});

const status = named('core.v1.NodeStatus', {
  conditions: about('Whether the node is fit for work.', listBy(['type'], condition)),
  addresses: listBy(['type'], object(each(text, 'type', 'address'), { required: ['type', 'address'] })),
  ...each(quantities, 'capacity', 'allocatable'),
  nodeInfo,
  phase: text,
  daemonEndpoints: object({ kubeletEndpoint: object({ Port: int32 }) }),
  ...each(texts, 'volumesInUse', 'declaredFeatures'),
  ...each(list(loose), 'images', 'runtimeHandlers', 'volumesAttached'),
  ...each(loose, 'config', 'features'),
});

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE = 'kubernetes.io/role';

function roles(node: JsonObject): string {
  const labels = objectAt(node, 'metadata', 'labels');
  const found = Object.keys(labels).flatMap((key) => {
    if (key.startsWith(ROLE_PREFIX)) return [key.slice(ROLE_PREFIX.length)];
    return key === ROLE ? [textAt(labels, key)] : [];
  });
  return orNone([...new Set(found.filter((role) => role !== ''))].sort().join(','));
}

function state(node: JsonObject): string {
  const ready = listAt(node, 'status', 'conditions').find((one) => textAt(one, 'type') === 'Ready');
  const word = ready === undefined ? 'Unknown' : textAt(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return valueAt(node, 'spec', 'unschedulable') === true ? `${word},SchedulingDisabled` : word;
}

function address(node: JsonObject, type: string): string {
  const found = listAt(node, 'status', 'addresses').find((one) => textAt(one, 'type') === type);
  return orNone(textAt(found, 'address'));
}

const known = (text: string): string => (text === '' ? '<unknown>' : text);

function row(node: JsonObject, now: Date): readonly string[] {
  const info = objectAt(node, 'status', 'nodeInfo');
  const architecture = textAt(info, 'architecture');
  const kernel = known(textAt(info, 'kernelVersion'));
  return [
    nameOf(node),
    state(node),
    roles(node),
    ageOf(node, now),
    textAt(info, 'kubeletVersion'),
    address(node, 'InternalIP'),
    address(node, 'ExternalIP'),
    known(textAt(info, 'osImage')),
    architecture === '' ? kernel : `${kernel} (${architecture})`,
    known(textAt(info, 'containerRuntimeVersion')),
  ];
}

export const node = builtIn({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  schema: objectSchema('core.v1.Node', 'A machine on which pods run.', {
    spec: byDefault({}, spec),
    status: byDefault({}, status),
  }),
  columns: [
    nameColumn,
    column('Status', 'Whether the node is ready for pods.'),
    column('Roles', 'What the node is there for, by its labels.'),
    ageColumn,
    column('Version', 'The version of what runs the pods.'),
    wide('Internal-IP', 'The address inside the cluster.'),
    wide('External-IP', 'The address from outside.'),
    wide('OS-Image', 'The operating system.'),
    wide('Kernel-Version', 'The kernel.'),
    wide('Container-Runtime', 'What runs the containers.'),
  ],
  row,
});
