/** The namespace of everything that belongs to a backup and is not cluster-scoped: claims, CronJobs, Jobs. */
export const BACKUP_NAMESPACE = 'openshift-etcd';

/**
 * The label that says what a CronJob or Job is for, with the values of cluster-etcd-operator
 * (bindata/etcd/cluster-backup-cronjob.yaml, cluster-backup-job.yaml), so that selectors written for it go on working.
 */
export const APP_LABEL = 'app';
/** On the CronJob of a Backup, its Jobs and their pods. */
export const CRONJOB_APP = 'cluster-backup-cronjob';
/** On the Job that takes one backup, and its pods. */
export const JOB_APP = 'cluster-backup-job';

/** The reference's second label: the Backup's name on a CronJob, the EtcdBackup's name on a Job; see {@link labelValue}. */
export const BACKUP_NAME_LABEL = 'backup-name';

/** The series an EtcdBackup, a Job or a pod belongs to: the name of the Backup that asked for it. */
export const SERIES_LABEL = 'backup.holdfast.io/series';

/** On a CronJob: since when its schedule and time zone are as they are (RFC 3339, UTC). */
export const SCHEDULED_SINCE_ANNOTATION = 'backup.holdfast.io/scheduled-since';

/** On an EtcdBackup, with the value `accepted`: it does not wait for the first rotation of a fresh cluster's certificates. */
export const FRESH_CLUSTER_ANNOTATION = 'backup.holdfast.io/fresh-cluster';

/** On an EtcdBackup, with the value `accepted`: it is taken in spite of a rollout, and marked for that. */
export const ROLLOUT_ANNOTATION = 'backup.holdfast.io/rollout';

/** The series of the backups that are taken when an update begins. A dot keeps it apart from what people call theirs. */
export const BEFORE_UPDATE_SERIES = 'before-update.holdfast';

const LONGEST_LABEL_VALUE = 63;
const DIGEST_LENGTH = 8;

/**
 * An object's name as a label's value. Names may have 253 characters, label values 63: a longer name is cut and gets a
 * digest of the whole, so that two long names do not meet.
 */
export function labelValue(name: string): string {
  if (name.length <= LONGEST_LABEL_VALUE) return name;
  const kept = name.slice(0, LONGEST_LABEL_VALUE - DIGEST_LENGTH - 1).replace(/[^a-zA-Z0-9]+$/, '');
  return `${kept}-${fnv1a(name)}`;
}

/** FNV-1a, 32 bits, eight hex digits: only has to differ where names differ. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(DIGEST_LENGTH, '0');
}
