import type { Container, PodTemplate, Volume } from '../apiserver/index.ts';
import type { PodSettings, ResolvedSettings } from './settings.ts';

/** Where a pod tells how it ended: Kubernetes' default. */
export const TERMINATION_LOG = '/dev/termination-log';
export const CONTAINER_NAME = 'cluster-backup';

export interface PodWork {
  readonly labels: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly env?: NonNullable<Container['env']>;
  readonly volumes?: readonly Volume[];
  readonly volumeMounts?: NonNullable<Container['volumeMounts']>;
  /** The one node that it may run on. */
  readonly nodeName?: string | undefined;
}

/** Either label marks a control-plane node; which one, and with what value, differs between distributions. */
export const CONTROL_PLANE_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
const CONTROL_PLANE_TERMS = CONTROL_PLANE_LABELS.map((key) => ({
  matchExpressions: [{ key, operator: 'Exists' }],
}));

/** How long a pod stays on a node that is gone before the Job gets another. */
const GONE_NODE_SECONDS = 120;

/**
 * Everything is tolerated, so that a cordoned or pressed control plane is backed up too; but not for ever, where the node does
 * not answer: the first toleration that matches a taint is the one that counts.
 */
const TOLERATIONS = [
  ...['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready'].map((key) => ({
    ...{ key, operator: 'Exists', effect: 'NoExecute' },
    tolerationSeconds: GONE_NODE_SECONDS,
  })),
  { operator: 'Exists' },
];

function onNodes(nodeSelectorTerms: readonly object[]): object {
  return {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    tolerations: TOLERATIONS,
  };
}

/** Not `spec.nodeName`, which would pass the scheduler by, and with it the binding of volumes. */
function onNode(name: string): object {
  return onNodes([{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }]);
}

/** The pod that does a piece of work with our own command. */
export function podTemplate(work: PodWork, settings: ResolvedSettings, pod: PodSettings): PodTemplate {
  const env = [...(work.env ?? []), ...(pod.env ?? [])];
  const volumes = [...(work.volumes ?? []), ...(pod.volumes ?? [])];
  const volumeMounts = [...(work.volumeMounts ?? []), ...(pod.volumeMounts ?? [])];
  const container: Container = {
    name: CONTAINER_NAME,
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy,
    command: [...settings.command],
    args: [...work.args],
    ...(env.length === 0 ? {} : { env }),
    ...(volumeMounts.length === 0 ? {} : { volumeMounts }),
    terminationMessagePath: TERMINATION_LOG,
    // Where a pod dies without a word of its own, the end of its log says something.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    ...pod.container,
  };
  return {
    metadata: { labels: { ...work.labels } },
    spec: {
      ...placement(work, settings),
      ...(pod.serviceAccountName === undefined ? {} : { serviceAccountName: pod.serviceAccountName }),
      restartPolicy: 'Never',
      containers: [container],
      ...(volumes.length === 0 ? {} : { volumes }),
      ...pod.spec,
    },
  };
}

function placement({ nodeName }: PodWork, { onControlPlane }: ResolvedSettings): object {
  if (nodeName !== undefined) return structuredClone(onNode(nodeName));
  return onControlPlane ? structuredClone(onNodes(CONTROL_PLANE_TERMS)) : {};
}
