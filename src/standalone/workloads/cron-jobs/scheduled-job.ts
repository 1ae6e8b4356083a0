import type { CronJob, Job, NewObject } from '../../../apiserver/index.ts';
import { controllerReference } from '../ownership.ts';
import { formatInZone } from './schedule.ts';
import type { TimeZone } from './time-zone.ts';

/** Names the run by its minute, so that one run cannot become two Jobs (as kube-controller-manager's `getJobName`). */
export function jobNameOf(cronJob: CronJob, scheduled: Date): string {
  return `${cronJob.metadata.name}-${Math.floor(scheduled.getTime() / 60_000)}`;
}

/** The Job of one run, from the CronJob's template. */
export function jobFromTemplate(cronJob: CronJob, scheduled: Date, zone: TimeZone): NewObject<Job> {
  const { metadata, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobNameOf(cronJob, scheduled),
      namespace: cronJob.metadata.namespace,
      labels: { ...metadata?.labels },
      annotations: {
        ...metadata?.annotations,
        'batch.kubernetes.io/cronjob-scheduled-timestamp': formatInZone(scheduled, zone),
      },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec,
  };
}
