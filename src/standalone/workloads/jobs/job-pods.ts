import type { Informer } from '../../../controller/index.ts';
import { keyOf } from '../../../controller/index.ts';
import type { NewObject, Job, Pod } from '../../../apiserver/index.ts';
import { controllerOf, controllerReference } from '../ownership.ts';

/** Keeps a pod until its Job has counted how it ended (as kube-controller-manager's). */
export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';

/** Which pods belong to which Job, by the Job's key; those of an earlier Job of that name are among them. */
export class PodsByJob {
  readonly #pods = new Map<string, Map<string, Pod>>();

  /** @param onChange - hears which Job is concerned whenever a pod of it comes, changes or goes */
  constructor(pods: Informer<Pod>, onChange: (jobKey: string) => void) {
    pods.onChange((pod, previous, isDeleted) => {
      const owner = jobKeyOf(pod);
      const before = previous === undefined ? undefined : jobKeyOf(previous);
      if (before !== undefined && (isDeleted || before !== owner)) this.#remove(before, pod);
      if (owner !== undefined && !isDeleted) this.#put(owner, pod);
      for (const key of new Set([before, owner])) if (key !== undefined) onChange(key);
    });
  }

  of(jobKey: string): readonly Pod[] {
    return [...(this.#pods.get(jobKey)?.values() ?? [])];
  }

  #put(jobKey: string, pod: Pod): void {
    const pods = this.#pods.get(jobKey) ?? new Map<string, Pod>();
    pods.set(pod.metadata.name, pod);
    this.#pods.set(jobKey, pods);
  }

  #remove(jobKey: string, pod: Pod): void {
    const pods = this.#pods.get(jobKey);
    pods?.delete(pod.metadata.name);
    if (pods?.size === 0) this.#pods.delete(jobKey);
  }
}

function jobKeyOf(pod: Pod): string | undefined {
  const owner = controllerOf(pod);
  return owner?.kind === 'Job' ? keyOf({ namespace: pod.metadata.namespace, name: owner.name }) : undefined;
}

/** How a pod has ended; undefined where it has not. */
export function outcomeOf(pod: Pod): 'succeeded' | 'failed' | undefined {
  const phase = pod.status?.phase;
  if (phase === 'Succeeded') return 'succeeded';
  if (phase === 'Failed') return 'failed';
  // Nobody runs a pod that has no node; one that has a node ends when the node says so.
  const isUnscheduled = (pod.spec.nodeName ?? '') === '';
  return pod.metadata.deletionTimestamp !== undefined && isUnscheduled ? 'failed' : undefined;
}

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false;
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** How often containers of a pod were started again. */
export function restartsOf(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
}

/** When a failed pod's last container ended, in milliseconds; undefined where none ever ran. */
export function endOf(pod: Pod): number | undefined {
  const ends = (pod.status?.containerStatuses ?? []).flatMap(({ state }) => {
    const finished = state?.terminated?.finishedAt;
    return finished === undefined || finished === null ? [] : [Date.parse(finished)];
  });
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** A pod of a Job; the server adds five characters to its name. */
export function podFromTemplate(job: Job): NewObject<Pod> {
  const { name, namespace, uid } = job.metadata;
  const { metadata, spec } = job.spec.template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: {
        'batch.kubernetes.io/controller-uid': uid,
        'batch.kubernetes.io/job-name': name,
        'controller-uid': uid,
        'job-name': name,
        ...metadata?.labels,
      },
      annotations: { ...metadata?.annotations },
      finalizers: [TRACKING_FINALIZER],
      ownerReferences: [controllerReference(job)],
    },
    spec,
  };
}
