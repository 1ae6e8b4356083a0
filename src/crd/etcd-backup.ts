import * as z from 'zod';
import { objects, type Resource } from '../apiserver/index.ts';
import { withKeptStatus } from './kept-status.ts';

/** What holds of a backup that was taken and verified; written from the report of its Job. */
const takenBackup = z.looseObject({
  /** Below the root of the volume. */
  folder: z.string(),
  /** The backup's id in its repository. */
  id: z.string(),
  /** Decimal: etcd's revisions need 64 bits. */
  revision: z.string(),
  /** As `etcdutl snapshot status` prints it. */
  hash: z.number(),
  totalKey: z.number().optional(),
  snapshotBytes: z.number().optional(),
  /** All files of the backup. */
  bytes: z.number(),
  /** `bytes` for people: `114.4 MiB`. */
  size: z.string().optional(),
  seconds: z.number(),
  /** RFC 3339, UTC. */
  verifiedAt: z.string(),
  forced: z.boolean().optional(),
  warnings: z.number().optional(),
  /** The file system that it lies on, right after it. */
  volume: z.looseObject({ freeBytes: z.number(), totalBytes: z.number() }).optional(),
  /** The first of the control plane's certificates that were seen runs out then. */
  certificatesExpireAt: z.string().optional(),
  /** What stood of the same series after retention. */
  kept: z
    .looseObject({
      backups: z.number(),
      bytes: z.number(),
      /** How many retention removed, and how many it could not. */
      removed: z.number().optional(),
      failed: z.number().optional(),
    })
    .optional(),
});

/** Why there is no backup. */
const failure = z.looseObject({ code: z.string(), message: z.string(), hint: z.string().optional() });

// What cannot be read of a status is left out rather than let one spoilt object hide all the others.
const etcdBackupStatus = z.looseObject({
  conditions: z.array(objects.condition).optional().catch(undefined),
  backupJob: z.looseObject({ namespace: z.string(), name: z.string() }).optional().catch(undefined),
  startTime: z.string().optional().catch(undefined),
  completionTime: z.string().optional().catch(undefined),
  nodeName: z.string().optional().catch(undefined),
  backup: takenBackup.optional().catch(undefined),
  failure: failure.optional().catch(undefined),
});

const etcdBackup = objects.kubeObject.extend({
  spec: z.looseObject({ pvcName: z.string().optional() }),
  status: etcdBackupStatus.optional(),
});

/** A backup that was asked for once. */
export type EtcdBackup = z.infer<typeof etcdBackup>;
export type EtcdBackupStatus = z.infer<typeof etcdBackupStatus>;
/** What `status.backup` of an EtcdBackup says. */
export type TakenBackup = z.infer<typeof takenBackup>;
/** What `status.failure` of an EtcdBackup says. */
export type BackupFailure = z.infer<typeof failure>;

/** `operator.openshift.io/v1alpha1`, cluster-scoped. */
export const etcdBackups: Resource<EtcdBackup> = {
  group: 'operator.openshift.io',
  version: 'v1alpha1',
  plural: 'etcdbackups',
  kind: 'EtcdBackup',
  namespaced: false,
  schema: withKeptStatus(etcdBackup),
};

/** The conditions of an EtcdBackup (openshift/api, operator/v1alpha1/types_etcdbackup.go): at most one of them is True. */
export const etcdBackupConditions = {
  BackupPending: 'The backup waits for its turn, or its Job is at work.',
  BackupCompleted: 'The backup was verified and stands in the volume.',
  BackupFailed: 'There is no backup, and there will be none; the message says why.',
  BackupSkipped:
    'A scheduled backup was not taken: the one before it of the same series was still at work, or the cluster is too young.',
} as const;

export type EtcdBackupCondition = keyof typeof etcdBackupConditions;

/** How a backup ended, or `BackupPending` while it has not. */
export function outcomeOf({ status }: Pick<EtcdBackup, 'status'>): EtcdBackupCondition {
  const isTrue = (type: EtcdBackupCondition): boolean =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  const ends = ['BackupCompleted', 'BackupFailed', 'BackupSkipped'] as const;
  return ends.find(isTrue) ?? 'BackupPending';
}
