import type { CustomResourceDefinition, NewObject } from '../apiserver/index.ts';
import { conditionList, count, keptSchema, objectFields, text, time, volumeSchema } from './definition-parts.ts';
import { SCHEDULE_PATTERN, TIME_ZONE_PATTERN } from './schedule-pattern.ts';

const retentionPolicy = {
  type: 'object',
  description: 'Which backups of the series stay. Backups of other series and of nobody are never counted nor removed.',
  required: ['retentionType'],
  properties: {
    retentionType: {
      type: 'string',
      description: 'By number or by size. Without a policy: by number, 15.',
      enum: ['RetentionNumber', 'RetentionSize'],
    },
    retentionNumber: {
      type: 'object',
      description: 'For RetentionNumber. Without it: 15.',
      required: ['maxNumberOfBackups'],
      properties: {
        maxNumberOfBackups: {
          type: 'integer',
          minimum: 1,
          description: 'How many good backups stand when a run has succeeded: exactly so many, the newest.',
        },
      },
    },
    retentionSize: {
      type: 'object',
      description: 'For RetentionSize. Without it: 10.',
      required: ['maxSizeOfBackupsGb'],
      properties: {
        maxSizeOfBackupsGb: {
          type: 'integer',
          minimum: 1,
          description:
            'How many gigabytes (2^30 bytes) the backups may have together when a run has succeeded; the newest stays whatever its size.',
        },
      },
    },
  },
} as const;

const spec = {
  type: 'object',
  description: 'What is asked for.',
  required: ['etcd'],
  properties: {
    etcd: {
      type: 'object',
      description: 'The backups of etcd.',
      properties: {
        schedule: {
          type: 'string',
          description:
            'When to take backups, as a CronJob takes it: 20 4 * * * is every day at 4:20. Without it no backups are taken.',
          pattern: SCHEDULE_PATTERN,
        },
        timeZone: {
          type: 'string',
          description: "The time zone of the schedule: UTC, Asia/Tokyo. Without it: the CronJob controller's own.",
          pattern: TIME_ZONE_PATTERN,
        },
        pvcName: {
          type: 'string',
          description:
            'The PersistentVolumeClaim in the namespace openshift-etcd that the backups are written to. Empty: a folder on ' +
            'the control-plane host that takes the backup, /var/lib/holdfast/backups unless the operator was told another.',
        },
        retentionPolicy,
      },
    },
  },
} as const;

const lastSuccess = {
  type: 'object',
  description: 'The newest verified backup of the series.',
  required: ['etcdBackup', 'folder', 'bytes', 'seconds'],
  properties: {
    etcdBackup: text('The EtcdBackup that it was taken for.'),
    folder: text('Its folder, below the root of the volume.'),
    bytes: count('The size of all its files.'),
    seconds: { type: 'number', minimum: 0, description: 'How long it took, verifying included.' },
    verifiedAt: time('When every byte of it had been checked.'),
    volume: volumeSchema,
    certificatesExpireAt: time("When the first of the control plane's certificates that were seen runs out."),
  },
} as const;

const lastFailure = {
  type: 'object',
  description: 'The newest run that left no backup.',
  required: ['time', 'reason', 'message', 'etcdBackup'],
  properties: {
    time: time('When it ended.'),
    reason: text('A stable code.'),
    message: text('What happened.'),
    etcdBackup: text('The EtcdBackup of the run, or the Job where it did not come to one.'),
  },
} as const;

const hosts = {
  type: 'array',
  description:
    'Where no claim is named: the hosts that hold backups of the series, and what each had right after its last.',
  items: {
    type: 'object',
    required: ['name', 'backups', 'bytes'],
    properties: {
      name: text('The name of the node.'),
      ...keptSchema.properties,
      lastSuccessfulTime: time('When it took its newest one.'),
    },
  },
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
} as const;

/** The definition of Backup: what openshift/api's own accepts and refuses, and a status. */
export const backupDefinition: NewObject<CustomResourceDefinition> = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'backups.config.openshift.io' },
  spec: {
    group: 'config.openshift.io',
    names: { kind: 'Backup', listKind: 'BackupList', plural: 'backups', singular: 'backup' },
    scope: 'Cluster',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Schedule', type: 'string', jsonPath: '.spec.etcd.schedule' },
          { name: 'Last Success', type: 'date', jsonPath: '.status.lastSuccessfulTime' },
          { name: 'Failures', type: 'integer', jsonPath: '.status.consecutiveFailures' },
          { name: 'Next Run', type: 'string', jsonPath: '.status.nextRunTime' },
          { name: 'Kept', type: 'integer', jsonPath: '.status.kept.backups' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          { name: 'Time Zone', type: 'string', jsonPath: '.spec.etcd.timeZone', priority: 1 },
          { name: 'PVC', type: 'string', jsonPath: '.spec.etcd.pvcName', priority: 1 },
          { name: 'Bytes', type: 'integer', jsonPath: '.status.kept.bytes', priority: 1 },
          { name: 'Last Failure', type: 'string', jsonPath: '.status.lastFailure.reason', priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'Backup asks for backups of etcd by a schedule.',
            required: ['spec'],
            properties: {
              ...objectFields,
              spec,
              status: {
                type: 'object',
                description: 'What was found; written by the operator alone.',
                properties: {
                  conditions: conditionList('Scheduled, LastRunSucceeded and ScheduleMissed.'),
                  lastSuccessfulTime: time('When the newest verified backup was there.'),
                  lastSuccess,
                  lastFailure,
                  consecutiveFailures: count('How many runs have failed since the last one that succeeded.'),
                  nextRunTime: time('When the schedule is due next.'),
                  kept: keptSchema,
                  hosts,
                },
              },
            },
          },
        },
      },
    ],
  },
};
