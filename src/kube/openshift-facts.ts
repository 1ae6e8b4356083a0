import * as z from 'zod';
import { decodeStored } from './envelope.ts';

/**
 * What OpenShift's configuration says of the cluster, as it lies in a snapshot: no API server has to be asked. Each reader
 * gives undefined for what it cannot read. (openshift/api: config/v1, operator/v1.)
 */

/** Of ClusterVersion `version`. */
export interface OpenShiftRelease {
  /** `4.17.5`: the last release that was completed, else the one wanted. */
  readonly version: string | undefined;
  /** The release that the cluster was going to; undefined where no update was under way. */
  readonly updatingTo: string | undefined;
  readonly clusterId: string | undefined;
}

/** Of Infrastructure `cluster`. */
export interface OpenShiftInfrastructure {
  readonly name: string | undefined;
  /** `AWS`, `BareMetal`, `None` … */
  readonly platform: string | undefined;
  /** `HighlyAvailable`, `SingleReplica` … */
  readonly controlPlaneTopology: string | undefined;
  readonly apiServerUrl: string | undefined;
}

/**
 * How far one of OpenShift's API servers is with the encryption that is asked for (openshift/library-go,
 * pkg/operator/encryption/controllers: condition_controller.go, migration_controller.go).
 */
export interface EncryptionProgress {
  /** `True`, `False`, `Unknown`: whether everything that is to be encrypted is. */
  readonly encrypted: string;
  /** `EncryptionCompleted`, `EncryptionInProgress`, `DecryptionInProgress`, `EncryptionDisabled` … */
  readonly reason: string;
  /** Whether stored objects were being written anew, with another key or with none. */
  readonly changing: boolean;
}

const text = z.string().optional().catch(undefined);

const clusterVersion = z.object({
  spec: z.object({ clusterID: text }).optional().catch(undefined),
  status: z.object({
    desired: z.object({ version: z.string() }).optional(),
    history: z.array(z.object({ state: z.string(), version: z.string() })).optional(),
  }),
});

const infrastructure = z.object({
  status: z.object({
    infrastructureName: text,
    platform: text,
    platformStatus: z.object({ type: text }).optional().catch(undefined),
    controlPlaneTopology: text,
    apiServerURL: text,
  }),
});

const apiServer = z.object({ spec: z.object({ encryption: z.object({ type: text }).optional() }).optional() });

const operator = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: text })) }),
});

function read<T>(schema: z.ZodType<T>, value: Uint8Array): T | undefined {
  const object = decodeStored(value);
  return object.encoding === 'json' ? schema.safeParse(object.value).data : undefined;
}

export function readRelease(value: Uint8Array): OpenShiftRelease | undefined {
  const found = read(clusterVersion, value);
  if (found === undefined) return undefined;
  const { history = [], desired } = found.status;
  // The history is newest first.
  const completed = history.find(({ state }) => state === 'Completed')?.version;
  const [newest] = history;
  return {
    version: completed ?? desired?.version,
    updatingTo: completed !== undefined && newest?.state === 'Partial' ? newest.version : undefined,
    clusterId: found.spec?.clusterID,
  };
}

export function readInfrastructure(value: Uint8Array): OpenShiftInfrastructure | undefined {
  const status = read(infrastructure, value)?.status;
  return (
    status && {
      name: status.infrastructureName,
      platform: status.platformStatus?.type ?? status.platform,
      controlPlaneTopology: status.controlPlaneTopology,
      apiServerUrl: status.apiServerURL,
    }
  );
}

/** `aescbc`, `aesgcm`, `KMS`; `identity` where APIServer `cluster` asks for none. */
export function readEncryptionType(value: Uint8Array): string | undefined {
  const found = read(apiServer, value);
  const type = found?.spec?.encryption?.type ?? '';
  return found && (type === '' ? 'identity' : type);
}

/** Of KubeAPIServer, OpenShiftAPIServer or Authentication `cluster`. */
export function readEncryptionProgress(value: Uint8Array): EncryptionProgress | undefined {
  const conditions = read(operator, value)?.status.conditions ?? [];
  const encrypted = conditions.find(({ type }) => type === 'Encrypted');
  if (encrypted === undefined) return undefined;
  const { status, reason = '' } = encrypted;
  const migration = conditions.find(({ type }) => type === 'EncryptionMigrationControllerProgressing');
  return {
    encrypted: status,
    reason,
    changing: reason.endsWith('InProgress') || migration?.status === 'True',
  };
}
