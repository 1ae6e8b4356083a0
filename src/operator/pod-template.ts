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
}

/** Either label marks a control-plane node; which one, and with what value, differs between distributions. */
const ON_CONTROL_PLANE = {
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'].map((key) => ({
          matchExpressions: [{ key, operator: 'Exists' }],
        })),
      },
    },
  },
  tolerations: [{ operator: 'Exists' }],
};

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
      ...(settings.onControlPlane ? structuredClone(ON_CONTROL_PLANE) : {}),
      ...(pod.serviceAccountName === undefined ? {} : { serviceAccountName: pod.serviceAccountName }),
      restartPolicy: 'Never',
      containers: [container],
      ...(volumes.length === 0 ? {} : { volumes }),
      ...pod.spec,
    },
  };
}
