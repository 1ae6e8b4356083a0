/** The controllers of Backup and EtcdBackup, the request of a scheduled run, metrics and health: on any Kubernetes API. */
export { clusterPods, HOST_ROOT, type ClusterPodsOptions, type HostMount } from './cluster-pods.ts';
export { createOperator, type Operator, type OperatorOptions } from './create-operator.ts';
export { OperatorError, operatorErrors, type OperatorErrorCode } from './errors.ts';
export { onlyWhileLeading } from './fence.ts';
export { startHealthServer, type HealthServer, type HealthServerOptions, type Watched } from './health-server.ts';
export { createLeadingOperator, type LeadingOperator } from './leading-operator.ts';
export { readOwnImage, type OwnImageOptions } from './own-image.ts';
export { requestBackup, type RequestBackupOptions } from './request-backup.ts';
export { DEFAULT_HOST_FOLDER, type BackupJobSettings, type PodSettings } from './settings.ts';
