import { apiVersionOf, type CronJob } from '../apiserver/index.ts';
import {
  APP_LABEL,
  BACKUP_NAME_LABEL,
  backups,
  CRONJOB_APP,
  labelValue,
  SERIES_LABEL,
  type Backup,
} from '../crd/index.ts';
import { podTemplate, TERMINATION_LOG } from './pod-template.ts';
import type { ResolvedSettings } from './settings.ts';

/** History limits of the reference (bindata/etcd/cluster-backup-cronjob.yaml). */
const FAILED_JOBS_KEPT = 10;
const SUCCESSFUL_JOBS_KEPT = 5;
/** A request that was killed goes on where it was: its EtcdBackup is there. */
const RETRIES = 2;

/** What a Backup's CronJob must carry, whatever else it may. */
export interface CronJobIdentity {
  readonly labels: Readonly<Record<string, string>>;
  readonly ownerReferences: NonNullable<CronJob['metadata']['ownerReferences']>;
}

export function cronJobIdentity({ metadata: { name, uid } }: Backup): CronJobIdentity {
  return {
    labels: { [APP_LABEL]: CRONJOB_APP, [BACKUP_NAME_LABEL]: labelValue(name) },
    ownerReferences: [{ apiVersion: apiVersionOf(backups), kind: backups.kind, name, uid, controller: true }],
  };
}

/** The whole spec of a Backup's CronJob. */
export function cronJobSpec(backup: Backup, schedule: string, settings: ResolvedSettings): CronJob['spec'] {
  const { name } = backup.metadata;
  const { timeZone, pvcName = '' } = backup.spec.etcd;
  const labels = { [APP_LABEL]: CRONJOB_APP, [BACKUP_NAME_LABEL]: labelValue(name), [SERIES_LABEL]: name };
  return {
    schedule,
    ...(timeZone === undefined || timeZone === '' ? {} : { timeZone }),
    concurrencyPolicy: 'Forbid',
    suspend: false,
    failedJobsHistoryLimit: FAILED_JOBS_KEPT,
    successfulJobsHistoryLimit: SUCCESSFUL_JOBS_KEPT,
    jobTemplate: {
      metadata: { labels },
      spec: {
        backoffLimit: RETRIES,
        activeDeadlineSeconds: settings.runDeadlineSeconds,
        template: podTemplate(
          {
            labels,
            args: [
              ...['request-backup', '--series', name, '--pvc-name', pvcName],
              ...['--report-file', TERMINATION_LOG, '--log-format', 'json'],
              ...settings.requestArgs,
            ],
            env: [
              jobLabel('MY_JOB_NAME', 'batch.kubernetes.io/job-name'),
              jobLabel('MY_JOB_UID', 'batch.kubernetes.io/controller-uid'),
            ],
          },
          settings,
          settings.requestPod,
        ),
      },
    },
  };
}

/** A label that the Job controller puts on its pods, as a variable. */
function jobLabel(name: string, label: string): { name: string; valueFrom: { fieldRef: { fieldPath: string } } } {
  return { name, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${label}']` } } };
}
