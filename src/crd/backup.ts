import * as z from 'zod';
import { objects, type Resource } from '../apiserver/index.ts';
import { withKeptStatus } from './kept-status.ts';

const retentionPolicy = z.looseObject({
  retentionType: z.string(),
  retentionNumber: z.looseObject({ maxNumberOfBackups: z.number() }).optional(),
  retentionSize: z.looseObject({ maxSizeOfBackupsGb: z.number() }).optional(),
});

// What cannot be read of a status is left out rather than let one spoilt object hide all the others.
const backupStatus = z.looseObject({
  conditions: z.array(objects.condition).optional().catch(undefined),
  /** RFC 3339, UTC, as all times here. */
  lastSuccessfulTime: z.string().optional().catch(undefined),
  lastSuccess: z
    .looseObject({
      etcdBackup: z.string(),
      folder: z.string(),
      bytes: z.number(),
      seconds: z.number(),
      verifiedAt: z.string().optional(),
      volume: z.looseObject({ freeBytes: z.number(), totalBytes: z.number() }).optional(),
      certificatesExpireAt: z.string().optional(),
    })
    .optional()
    .catch(undefined),
  lastFailure: z
    .looseObject({ time: z.string(), reason: z.string(), message: z.string(), etcdBackup: z.string() })
    .optional()
    .catch(undefined),
  consecutiveFailures: z.number().optional().catch(undefined),
  nextRunTime: z.string().optional().catch(undefined),
  hosts: z
    .array(
      z.looseObject({
        name: z.string(),
        backups: z.number(),
        bytes: z.number(),
        lastSuccessfulTime: z.string().optional(),
      }),
    )
    .optional()
    .catch(undefined),
  kept: z.looseObject({ backups: z.number(), bytes: z.number() }).optional().catch(undefined),
});

const backup = objects.kubeObject.extend({
  spec: z.looseObject({
    etcd: z.looseObject({
      schedule: z.string().optional(),
      timeZone: z.string().optional(),
      pvcName: z.string().optional(),
      retentionPolicy: retentionPolicy.optional(),
    }),
  }),
  status: backupStatus.optional(),
});

/** A series of backups by schedule. */
export type Backup = z.infer<typeof backup>;
export type BackupStatus = z.infer<typeof backupStatus>;

/** `config.openshift.io/v1alpha1`, cluster-scoped. */
export const backups: Resource<Backup> = {
  group: 'config.openshift.io',
  version: 'v1alpha1',
  plural: 'backups',
  kind: 'Backup',
  namespaced: false,
  schema: withKeptStatus(backup),
};

/** The conditions of a Backup. */
export const backupConditions = {
  Scheduled: 'A CronJob stands as the resource asks for it, and will run.',
  LastRunSucceeded: 'The last run that ended left a verified backup. Absent before the first one.',
  ScheduleMissed: 'A run was due, and none has started.',
  HandledElsewhere:
    'The cluster itself takes care of the resource, and the operator stands aside. Absent where it never did.',
} as const;

export type BackupCondition = keyof typeof backupConditions;

/** How many backups stay where a Backup does not say. */
export const DEFAULT_NUMBER_OF_BACKUPS = 15;
/** How many gigabytes (2^30 bytes) stay where a Backup asks for a size and does not say which. */
export const DEFAULT_SIZE_OF_BACKUPS_GB = 10;

/** What is to stay of a series: so many backups, or so many gigabytes of 2^30 bytes. */
export type SeriesRetention =
  { readonly kind: 'number'; readonly maxBackups: number } | { readonly kind: 'size'; readonly maxGb: number };

/** What a Backup asks to keep; the default of the reference (number, 15; size, 10) where it does not say. */
export function retentionOf({ spec }: Pick<Backup, 'spec'>): SeriesRetention {
  const policy = spec.etcd.retentionPolicy;
  if (policy?.retentionType === 'RetentionSize')
    return { kind: 'size', maxGb: policy.retentionSize?.maxSizeOfBackupsGb ?? DEFAULT_SIZE_OF_BACKUPS_GB };
  return { kind: 'number', maxBackups: policy?.retentionNumber?.maxNumberOfBackups ?? DEFAULT_NUMBER_OF_BACKUPS };
}
