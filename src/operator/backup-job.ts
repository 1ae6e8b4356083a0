import { apiVersionOf, type Job, type NewObject, type Volume } from '../apiserver/index.ts';
import {
  APP_LABEL,
  BACKUP_NAME_LABEL,
  BACKUP_NAMESPACE,
  etcdBackups,
  JOB_APP,
  labelValue,
  SERIES_LABEL,
  type EtcdBackup,
  type SeriesRetention,
} from '../crd/index.ts';
import { CONTAINER_NAME, podTemplate, TERMINATION_LOG } from './pod-template.ts';
import { rolloutArguments } from './openshift/despite-rollout.ts';
import type { ResolvedSettings } from './settings.ts';

const NAME_PREFIX = 'cluster-backup-job';
/** A Job's name becomes a label of its pods. */
const LONGEST_NAME = 63;
const UID_CHARACTERS = 8;
const VOLUME_NAME = 'backups';
const MOUNT_PATH = '/backups';
/** Longer than the lock of a pod that was killed counts as held, since its retries see it from another container. */
const LOCK_WAIT = '3m';
/** A pod that died of something passing gets another; the second finds and reports what the first may have finished. */
const RETRIES = 2;
/** Exit codes of `holdfast backup` that no retry can help: a wrong option or setting, and a check that refuses. */
const FINAL_EXIT_CODES = [2, 3];
/**
 * Which failed pods end the Job at once, and which do not count: those that were evicted, preempted or lost with their node.
 * With it, a pod that is on its way out is replaced only once it has ended, so that two never work at once. API servers
 * before 1.26 leave it out.
 */
const POD_FAILURE_POLICY = {
  rules: [
    { action: 'FailJob', onExitCodes: { containerName: CONTAINER_NAME, operator: 'In', values: FINAL_EXIT_CODES } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ],
};

/**
 * The name of the Job that takes an EtcdBackup's backup. It follows from the object alone, so that the API server refuses a
 * second Job for it.
 */
export function backupJobName({ metadata: { name, uid } }: Pick<EtcdBackup, 'metadata'>): string {
  const room = LONGEST_NAME - NAME_PREFIX.length - UID_CHARACTERS - 2;
  const middle = name.slice(0, room).replace(/[^a-z0-9]+$/, '');
  return `${NAME_PREFIX}-${middle}-${uid.replaceAll('-', '').slice(0, UID_CHARACTERS)}`;
}

/** The Jobs of backups, and their pods. */
export const JOB_SELECTOR = `${APP_LABEL}=${JOB_APP}`;

/** Whether a Job was made for this very EtcdBackup. */
export function belongsTo(job: Job, { metadata: { uid } }: Pick<EtcdBackup, 'metadata'>): boolean {
  return job.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}

/** The series an EtcdBackup belongs to; undefined where it stands alone. */
export function seriesOf({ metadata }: Pick<EtcdBackup, 'metadata'>): string | undefined {
  return metadata.labels?.[SERIES_LABEL];
}

export interface BackupJobPlan {
  /** What is to stay of the series once the backup is good; undefined: nothing is removed. */
  readonly retention: SeriesRetention | undefined;
  /** The one node that may run it; undefined: the scheduler chooses. */
  readonly nodeName?: string | undefined;
}

export function backupJob(
  etcdBackup: EtcdBackup,
  { retention, nodeName }: BackupJobPlan,
  settings: ResolvedSettings,
): NewObject<Job> {
  const { name, uid } = etcdBackup.metadata;
  const series = seriesOf(etcdBackup);
  const labels = {
    [APP_LABEL]: JOB_APP,
    [BACKUP_NAME_LABEL]: labelValue(name),
    ...(series === undefined ? {} : { [SERIES_LABEL]: series }),
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: backupJobName(etcdBackup),
      namespace: BACKUP_NAMESPACE,
      labels,
      ownerReferences: [{ apiVersion: apiVersionOf(etcdBackups), kind: etcdBackups.kind, name, uid, controller: true }],
    },
    spec: {
      backoffLimit: RETRIES,
      podFailurePolicy: structuredClone(POD_FAILURE_POLICY),
      activeDeadlineSeconds: settings.activeDeadlineSeconds,
      template: podTemplate(
        {
          labels,
          args: jobArguments(etcdBackup, retention, settings),
          volumes: [backupVolume(etcdBackup, settings)],
          volumeMounts: [{ name: VOLUME_NAME, mountPath: MOUNT_PATH }],
          nodeName,
        },
        settings,
        settings.backupPod,
      ),
    },
  };
}

function jobArguments(
  etcdBackup: EtcdBackup,
  retention: SeriesRetention | undefined,
  settings: ResolvedSettings,
): readonly string[] {
  const { name, uid } = etcdBackup.metadata;
  const series = seriesOf(etcdBackup);
  const keep =
    retention === undefined
      ? []
      : retention.kind === 'number'
        ? ['--retain-number', String(retention.maxBackups)]
        : ['--retain-size-gb', String(retention.maxGb)];
  return [
    ...['backup', MOUNT_PATH, '--name', name, '--uid', uid],
    ...(series === undefined ? [] : ['--series', series]),
    ...['--report-file', TERMINATION_LOG, '--no-progress', '--log-format', 'json'],
    ...['--lock-wait', LOCK_WAIT],
    ...rolloutArguments(etcdBackup, settings),
    ...keep,
    ...settings.backupArgs,
  ];
}

function backupVolume({ spec }: EtcdBackup, { hostFolder }: ResolvedSettings): Volume {
  return spec.pvcName === undefined || spec.pvcName === ''
    ? { name: VOLUME_NAME, hostPath: { path: hostFolder, type: 'DirectoryOrCreate' } }
    : { name: VOLUME_NAME, persistentVolumeClaim: { claimName: spec.pvcName } };
}
