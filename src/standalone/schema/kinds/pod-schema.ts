import {
  about,
  byDefault,
  each,
  flag,
  int32,
  int64,
  labels,
  list,
  listBy,
  loose,
  named,
  object,
  oneOf,
  quantities,
  text,
  texts,
  time,
} from '../declare.ts';
import type { JsonSchema } from '../json.ts';
import { labelSelector, objectMeta } from '../metadata-schema.ts';
import { container, profile, resourceRequirements, seLinuxOptions } from './container-schema.ts';
import { nodeSelector, nodeSelectorTerm, volume } from './volume-schema.ts';

const podAffinity = loose;
const affinity = named('core.v1.Affinity', {
  nodeAffinity: named('core.v1.NodeAffinity', {
    requiredDuringSchedulingIgnoredDuringExecution: nodeSelector,
    preferredDuringSchedulingIgnoredDuringExecution: list(
      object({ weight: int32, preference: nodeSelectorTerm }, { required: ['weight', 'preference'] }),
    ),
  }),
  podAffinity,
  podAntiAffinity: podAffinity,
});

const toleration = named('core.v1.Toleration', {
  ...each(text, 'key', 'operator', 'value', 'effect'),
  tolerationSeconds: int64,
});

const localReference = named(
  'core.v1.LocalObjectReference',
  { name: byDefault('', text) },
  { 'x-kubernetes-map-type': 'atomic' },
);

const podSecurityContext = named('core.v1.PodSecurityContext', {
  ...each(int64, 'fsGroup', 'runAsGroup', 'runAsUser'),
  ...each(text, 'fsGroupChangePolicy', 'seLinuxChangePolicy', 'supplementalGroupsPolicy'),
  runAsNonRoot: flag,
  seLinuxOptions,
  seccompProfile: profile('SeccompProfile'),
  appArmorProfile: profile('AppArmorProfile'),
  supplementalGroups: list(int64),
  sysctls: list(object(each(text, 'name', 'value'), { required: ['name', 'value'] })),
  windowsOptions: loose,
});

const topologySpread = object(
  {
    ...each(int32, 'maxSkew', 'minDomains'),
    ...each(text, 'topologyKey', 'whenUnsatisfiable', 'nodeAffinityPolicy', 'nodeTaintsPolicy'),
    matchLabelKeys: texts,
    labelSelector,
  },
  { required: ['maxSkew', 'topologyKey', 'whenUnsatisfiable'] },
);

/** Fields of a pod that are taken and kept, and change nothing on one machine. */
const SCHEDULING = {
  affinity,
  tolerations: list(toleration),
  schedulerName: byDefault('default-scheduler', text),
  ...each(text, 'priorityClassName', 'preemptionPolicy', 'runtimeClassName'),
  priority: int32,
  overhead: quantities,
  topologySpreadConstraints: listBy(['topologyKey', 'whenUnsatisfiable'], topologySpread),
  schedulingGates: listBy(['name'], object({ name: text }, { required: ['name'] })),
  schedulingGroup: loose,
  resourceClaims: listBy(['name'], loose, { 'x-kubernetes-patch-strategy': 'merge,retainKeys' }),
  os: object({ name: text }, { required: ['name'] }),
} as const;

const NETWORK = {
  dnsPolicy: byDefault('ClusterFirst', oneOf('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None')),
  dnsConfig: object({ nameservers: texts, searches: texts, options: list(object(each(text, 'name', 'value'))) }),
  hostAliases: listBy(['ip'], object({ ip: text, hostnames: texts }, { required: ['ip'] })),
  ...each(flag, 'hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'setHostnameAsFQDN', 'enableServiceLinks'),
  ...each(text, 'hostname', 'hostnameOverride', 'subdomain'),
  readinessGates: list(object({ conditionType: text }, { required: ['conditionType'] })),
} as const;

export const podSpec: JsonSchema = named(
  'core.v1.PodSpec',
  {
    containers: about('The programs that run in the pod.', listBy(['name'], container)),
    initContainers: about('Programs that run before the others.', listBy(['name'], container)),
    ephemeralContainers: listBy(['name'], {
      ...container,
      properties: { ...container.properties, targetContainerName: text },
      'x-holdfast-definition': 'io.k8s.api.core.v1.EphemeralContainer',
    }),
    volumes: about(
      'Volumes that containers can mount.',
      listBy(['name'], volume, { 'x-kubernetes-patch-strategy': 'merge,retainKeys' }),
    ),
    restartPolicy: about(
      'When a container that has ended is started again.',
      byDefault('Always', oneOf('Always', 'OnFailure', 'Never')),
    ),
    activeDeadlineSeconds: about('After how many seconds the pod is ended and counts as failed.', int64),
    terminationGracePeriodSeconds: about(
      'How long a program may take to end before it is killed.',
      byDefault(30, int64),
    ),
    nodeName: about('The node that the pod runs on.', text),
    nodeSelector: about('Labels that the node must have.', { ...labels, 'x-kubernetes-map-type': 'atomic' }),
    ...each(text, 'serviceAccount', 'serviceAccountName'),
    automountServiceAccountToken: flag,
    imagePullSecrets: listBy(['name'], localReference),
    securityContext: byDefault({}, podSecurityContext),
    shareProcessNamespace: flag,
    resources: resourceRequirements,
    ...SCHEDULING,
    ...NETWORK,
  },
  { description: 'What runs in a pod, and how.', required: ['containers'] },
);

export const podTemplate: JsonSchema = named(
  'core.v1.PodTemplateSpec',
  {
    metadata: about('Labels and annotations of the pods.', objectMeta),
    spec: about('What runs in the pods.', podSpec),
  },
  { description: 'What pods are made from.' },
);

const containerState = named('core.v1.ContainerState', {
  running: object({ startedAt: time }),
  terminated: object({
    ...each(int32, 'exitCode', 'signal'),
    ...each(text, 'reason', 'message', 'containerID'),
    ...each(time, 'startedAt', 'finishedAt'),
  }),
  waiting: object(each(text, 'reason', 'message')),
});

const containerStatus = named('core.v1.ContainerStatus', {
  ...each(text, 'name', 'image', 'imageID', 'containerID', 'stopSignal'),
  ...each(flag, 'ready', 'started'),
  restartCount: int32,
  ...each(containerState, 'state', 'lastState'),
  allocatedResources: quantities,
  resources: resourceRequirements,
  ...each(list(loose), 'allocatedResourcesStatus', 'volumeMounts'),
  user: loose,
});

const podCondition = named(
  'core.v1.PodCondition',
  {
    ...each(text, 'type', 'status', 'reason', 'message'),
    ...each(time, 'lastProbeTime', 'lastTransitionTime'),
    observedGeneration: int64,
  },
  { required: ['type', 'status'] },
);

export const podStatus: JsonSchema = named('core.v1.PodStatus', {
  phase: byDefault('Pending', text),
  conditions: listBy(['type'], podCondition),
  ...each(text, 'reason', 'message', 'hostIP', 'podIP', 'qosClass', 'nominatedNodeName', 'resize'),
  startTime: time,
  observedGeneration: int64,
  hostIPs: list(object({ ip: text })),
  podIPs: listBy(['ip'], object({ ip: text })),
  ...each(list(containerStatus), 'containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'),
  ...each(list(loose), 'resourceClaimStatuses', 'nodeAllocatableResourceClaimStatuses'),
  extendedResourceClaimStatus: loose,
  allocatedResources: quantities,
  resources: resourceRequirements,
});
