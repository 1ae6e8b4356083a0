/** The custom resources Backup and EtcdBackup: definitions, types, names and labels, and the report of a backup's Job. */
export {
  backupConditions,
  backups,
  DEFAULT_NUMBER_OF_BACKUPS,
  DEFAULT_SIZE_OF_BACKUPS_GB,
  retentionOf,
  type Backup,
  type BackupCondition,
  type BackupStatus,
  type SeriesRetention,
} from './backup.ts';
export { backupDefinition } from './backup-definition.ts';
export {
  etcdBackupConditions,
  etcdBackups,
  outcomeOf,
  type BackupFailure,
  type EtcdBackup,
  type EtcdBackupCondition,
  type EtcdBackupStatus,
  type TakenBackup,
} from './etcd-backup.ts';
export { etcdBackupDefinition } from './etcd-backup-definition.ts';
export {
  encodeJobReport,
  jobReportSchema,
  LONGEST_REPORT_BYTES,
  parseJobReport,
  type FailedReport,
  type JobReport,
  type SucceededReport,
} from './job-report.ts';
export { STATUS_ANNOTATION } from './kept-status.ts';
export {
  APP_LABEL,
  BACKUP_NAME_LABEL,
  BACKUP_NAMESPACE,
  BEFORE_UPDATE_SERIES,
  CRONJOB_APP,
  FRESH_CLUSTER_ANNOTATION,
  JOB_APP,
  labelValue,
  ROLLOUT_ANNOTATION,
  SCHEDULED_SINCE_ANNOTATION,
  SERIES_LABEL,
} from './names.ts';
export {
  clusterOperators,
  clusterVersions,
  featureGates,
  type ClusterOperator,
  type ClusterVersion,
  type FeatureGate,
} from './openshift-config.ts';
