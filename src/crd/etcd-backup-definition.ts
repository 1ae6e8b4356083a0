import type { CustomResourceDefinition, NewObject } from '../apiserver/index.ts';
import { conditionList, count, keptSchema, objectFields, text, time, volumeSchema } from './definition-parts.ts';

const spec = {
  type: 'object',
  description: 'What is asked for.',
  properties: {
    pvcName: {
      type: 'string',
      description:
        'The PersistentVolumeClaim in the namespace openshift-etcd that the backup is written to. Empty: a folder on the ' +
        'control-plane host that takes the backup, /var/lib/holdfast/backups unless the operator was told another.',
      'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'pvcName is immutable once set' }],
    },
  },
} as const;

const backupJob = {
  type: 'object',
  description: 'The Job that takes the backup.',
  required: ['name', 'namespace'],
  properties: {
    name: text('Its name.'),
    namespace: { type: 'string', description: 'Its namespace: openshift-etcd.', pattern: '^openshift-etcd$' },
  },
} as const;

const taken = {
  type: 'object',
  description: 'The backup that was taken, as its Job reported it after verifying it.',
  required: ['folder', 'id', 'revision', 'hash', 'bytes', 'seconds', 'verifiedAt'],
  properties: {
    folder: text('The folder that holds its files, below the root of the volume.'),
    id: text('Its id in the repository.'),
    revision: text("etcd's revision, decimal."),
    hash: count("The snapshot's hash, as etcdutl snapshot status prints it."),
    totalKey: count("The snapshot's number of keys, as etcdutl snapshot status prints it."),
    snapshotBytes: count("The snapshot's size."),
    bytes: count('The size of all its files.'),
    size: text('The same for people.'),
    seconds: { type: 'number', minimum: 0, description: 'How long it took, verifying included.' },
    verifiedAt: time('When every byte of it had been checked.'),
    forced: { type: 'boolean', description: 'Whether it was taken although a rollout was under way.' },
    warnings: count('How many warnings its manifest holds.'),
    volume: volumeSchema,
    certificatesExpireAt: time("When the first of the control plane's certificates that were seen runs out."),
    kept: {
      ...keptSchema,
      properties: {
        ...keptSchema.properties,
        removed: count('How many retention removed.'),
        failed: count('How many retention was to remove and could not.'),
      },
    },
  },
} as const;

const failure = {
  type: 'object',
  description: 'Why there is no backup.',
  required: ['code', 'message'],
  properties: {
    code: text('A stable code.'),
    message: text('What happened.'),
    hint: text('What to do next.'),
  },
} as const;

/** The definition of EtcdBackup: what openshift/api's own accepts and refuses, and a status that says more. */
export const etcdBackupDefinition: NewObject<CustomResourceDefinition> = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'etcdbackups.operator.openshift.io' },
  spec: {
    group: 'operator.openshift.io',
    names: { kind: 'EtcdBackup', listKind: 'EtcdBackupList', plural: 'etcdbackups', singular: 'etcdbackup' },
    scope: 'Cluster',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Status', type: 'string', jsonPath: '.status.conditions[?(@.status=="True")].type' },
          { name: 'Revision', type: 'string', jsonPath: '.status.backup.revision' },
          { name: 'Size', type: 'string', jsonPath: '.status.backup.size' },
          { name: 'Seconds', type: 'number', jsonPath: '.status.backup.seconds' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          { name: 'PVC', type: 'string', jsonPath: '.spec.pvcName', priority: 1 },
          { name: 'Folder', type: 'string', jsonPath: '.status.backup.folder', priority: 1 },
          { name: 'Reason', type: 'string', jsonPath: '.status.failure.code', priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'EtcdBackup asks for one backup of etcd and of the static pod resources beside it.',
            required: ['spec'],
            properties: {
              ...objectFields,
              spec,
              status: {
                type: 'object',
                description: 'What was found; written by the operator alone.',
                properties: {
                  conditions: conditionList(
                    'BackupPending, BackupCompleted, BackupFailed or BackupSkipped; VolumeReady while the volume cannot be had.',
                  ),
                  backupJob,
                  startTime: time('When the Job was made.'),
                  completionTime: time('When the outcome was known.'),
                  nodeName: text('The host that takes or took the backup.'),
                  backup: taken,
                  failure,
                },
              },
            },
          },
        },
      },
    ],
  },
};
