import type { Condition, Pod } from '../../../apiserver/index.ts';
import { formatTime, setCondition } from '../../../controller/index.ts';
import { LOOPBACK } from './command-line.ts';

export type PodStatus = NonNullable<Pod['status']>;
type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
export type ContainerState = NonNullable<ContainerStatus['state']>;

/** What a node has to say of a pod of one container. */
export interface PodReport {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  /** Why the pod ended, where it is not its container's doing. */
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly state: ContainerState;
  readonly lastState?: ContainerState | undefined;
  readonly restarts: number;
}

/** The whole status of a pod, as kubelet writes it. */
export function statusOf(pod: Pod, report: PodReport, now: Date): PodStatus {
  const { phase, reason, message, state, lastState, restarts } = report;
  const isReady = state.running !== undefined;
  const containerStatuses = pod.spec.containers.map(({ name, image = '' }) => ({
    name,
    image,
    imageID: '',
    ready: isReady,
    started: isReady,
    restartCount: restarts,
    state,
    lastState: lastState ?? {},
    ...((isReady || state.terminated !== undefined) && { containerID: `holdfast://${pod.metadata.uid}/${restarts}` }),
  }));
  return {
    ...pod.status,
    phase,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
    startTime: pod.status?.startTime ?? formatTime(now),
    hostIP: LOOPBACK,
    hostIPs: [{ ip: LOOPBACK }],
    podIP: LOOPBACK,
    podIPs: [{ ip: LOOPBACK }],
    conditions: conditionsOf(pod, phase, isReady, now),
    containerStatuses,
  };
}

function conditionsOf(pod: Pod, phase: PodReport['phase'], isReady: boolean, now: Date): Condition[] {
  const names = pod.spec.containers.map(({ name }) => name).join(' ');
  const [reason, message] =
    phase === 'Succeeded'
      ? ['PodCompleted', '']
      : phase === 'Failed'
        ? ['PodFailed', '']
        : ['ContainersNotReady', `containers with unready status: [${names}]`];
  const readiness = { reason: isReady ? '' : reason, message: isReady ? '' : message };
  const status = isReady ? ('True' as const) : ('False' as const);
  const wanted = [
    { type: 'PodScheduled', status: 'True' as const, reason: '', message: '' },
    { type: 'Initialized', status: 'True' as const, reason: phase === 'Succeeded' ? 'PodCompleted' : '', message: '' },
    { type: 'ContainersReady', status, ...readiness },
    { type: 'Ready', status, ...readiness },
  ];
  let conditions = pod.status?.conditions ?? [];
  for (const change of wanted) conditions = setCondition(conditions, change, { now });
  return conditions.map(asServed);
}

/** As an API server gives it back, so that a status that stands is known again: empty texts are absent. */
function asServed({ reason, message, ...rest }: Condition): Condition {
  return { ...rest, ...(reason && { reason }), ...(message && { message }) };
}
