import * as z from 'zod';
import type { ContainerStatus, Job, Pod } from '../../../apiserver/index.ts';
import { outcomeOf } from './job-pods.ts';
import type { Verdict } from './job-state.ts';

const exitCodes = z.looseObject({
  containerName: z.string().nullish(),
  operator: z.enum(['In', 'NotIn']),
  values: z.array(z.number()),
});
const rule = z.looseObject({
  action: z.enum(['Count', 'FailJob', 'Ignore']),
  onExitCodes: exitCodes.nullish(),
  onPodConditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).nullish(),
});
// Of a kind that the server has checked; what cannot be read all the same matches nothing.
const policy = z.looseObject({ rules: z.array(rule) }).catch({ rules: [] });

type ExitCodes = z.infer<typeof exitCodes>;

/** What a Job's `podFailurePolicy` says of a pod that has failed. */
type Ruling = { readonly action: 'Count' | 'Ignore' } | { readonly action: 'FailJob'; readonly message: string };

/** The first rule that matches counts (kube-controller-manager, pkg/controller/job/pod_failure_policy.go, with its words). */
function rulingOn(pod: Pod, { spec }: Job): Ruling {
  const { name, namespace = '' } = pod.metadata;
  for (const [index, { action, onExitCodes, onPodConditions }] of policy
    .parse(spec['podFailurePolicy'])
    .rules.entries()) {
    const container = onExitCodes && containerWith(onExitCodes, pod);
    const condition = pod.status?.conditions?.find(({ type, status }) =>
      onPodConditions?.some((pattern) => pattern.type === type && pattern.status === status),
    );
    if (!container && condition === undefined) continue;
    if (action !== 'FailJob') return { action };
    const what = container
      ? `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${container.state?.terminated?.exitCode ?? '?'}`
      : `Pod ${namespace}/${name} has condition ${condition?.type ?? ''}`;
    return { action, message: `${what} matching FailJob rule at index ${index}` };
  }
  return { action: 'Count' };
}

function containerWith({ containerName, operator, values }: ExitCodes, { status }: Pod): ContainerStatus | undefined {
  return status?.containerStatuses?.find(({ name, state }) => {
    const exitCode = state?.terminated?.exitCode ?? 0;
    const isMeant = (containerName ?? name) === name && exitCode !== 0;
    return isMeant && values.includes(exitCode) === (operator === 'In');
  });
}

/** Whether a pod that has failed counts towards its Job's backoff limit. */
export function isCounted(pod: Pod, job: Job): boolean {
  return rulingOn(pod, job).action !== 'Ignore';
}

/** Why a Job ends at once, by one of its pods; undefined where it does not. */
export function endByPolicy(job: Job, pods: readonly Pod[]): Verdict | undefined {
  for (const pod of pods) {
    const ruling = outcomeOf(pod) === 'failed' ? rulingOn(pod, job) : undefined;
    if (ruling?.action === 'FailJob') return { isSuccess: false, reason: 'PodFailurePolicy', message: ruling.message };
  }
  return undefined;
}
