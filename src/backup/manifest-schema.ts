import { isAbsolute } from 'node:path';
import * as z from 'zod';
import { parseTimestamp } from './names.ts';

/**
 * The manifest's fields, each with its form in JSON and its type in code; docs/formats/manifest.md explains them.
 * Fields that this version does not know are dropped when reading: a later minor version may have added them.
 */

/** Decimal in JSON, since JSON's numbers lose bits beyond 2^53. */
const decimal = z.codec(z.string().regex(/^\d{1,20}$/), z.bigint().min(0n), {
  decode: (text) => BigInt(text),
  encode: (value) => value.toString(),
});

/** etcd's ids: lower-case hexadecimal in JSON, as etcdctl prints them. */
const hexId = z.codec(
  z.string().regex(/^[0-9a-f]{1,16}$/),
  z
    .bigint()
    .min(0n)
    .max(2n ** 64n - 1n),
  {
    decode: (text) => BigInt(`0x${text}`),
    encode: (value) => value.toString(16),
  },
);

const utc = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (value) => value.toISOString(),
});

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A bare file name: whatever a manifest says, it points at nothing outside its folder. */
const fileName = z.string().regex(/^[^/\0]{1,255}$/);
const absolutePath = z.string().refine(isAbsolute, 'expected an absolute path');

const finding = z.object({
  severity: z.enum(['error', 'warning', 'note']),
  code: z.string(),
  where: z.string(),
  message: z.string(),
  hint: z.string().optional(),
});

/** What OpenShift's own configuration said, as it lay in the snapshot. */
const openshift = z.object({
  clusterId: z.string().optional(),
  /** The release that an update was going to. */
  updatingTo: z.string().optional(),
  infrastructureName: z.string().optional(),
  platform: z.string().optional(),
  controlPlaneTopology: z.string().optional(),
  apiServerUrl: z.string().optional(),
});

const cluster = z.object({
  etcdClusterId: hexId,
  kubeSystemUid: z.string().optional(),
  kubernetesVersion: z.string().optional(),
  openshiftVersion: z.string().optional(),
  openshift: openshift.optional(),
  members: z
    .array(
      z.object({
        id: hexId,
        name: z.string(),
        peerUrls: z.array(z.string()),
        clientUrls: z.array(z.string()),
        learner: z.boolean(),
      }),
    )
    .optional(),
});

const snapshot = z.object({
  file: fileName,
  size: count,
  sha256,
  contentSha256: sha256,
  revision: decimal,
  raftIndex: decimal,
  raftTerm: decimal,
  hash: z.int().min(0).max(0xffff_ffff),
  totalKey: count,
  liveKeys: count,
  totalSize: count,
});

const resources = z.object({
  file: fileName,
  folder: absolutePath.optional(),
  size: count,
  sha256,
  entries: count,
  layout: z.string(),
  staticPods: z.array(z.object({ name: z.string(), revision: count.optional(), path: z.string() })),
});

const encryption = z.object({
  encryptedResources: z.array(
    z.object({ resource: z.string(), provider: z.string(), keyNames: z.array(z.string()), count }),
  ),
  /** The encryption configurations' names inside the archive. */
  configFiles: z.array(z.string()),
  keysSaved: z.enum(['not-needed', 'in-resources', 'none', 'incomplete', 'external-kms']),
  /** What OpenShift was asked for, and how far its API servers were with it. */
  openshift: z
    .object({
      type: z.string().optional(),
      apiServers: z.array(
        z.object({ name: z.string(), encrypted: z.string(), reason: z.string(), changing: z.boolean() }),
      ),
    })
    .optional(),
});

/** The custom resource that the backup was taken for. */
const resource = z.object({
  /** Of the EtcdBackup. */
  name: z.string(),
  uid: z.string().optional(),
  /** The recurring Backup that it belongs to. */
  series: z.string().optional(),
});

/** The whole manifest, version 1. */
export const manifestSchema = z.object({
  schemaVersion: z.string().regex(/^1\.\d{1,6}$/),
  tool: z.object({ name: z.string(), version: z.string() }),
  created: utc,
  timestamp: z.string().refine((text) => parseTimestamp(text, 0) !== undefined, 'expected one like 2026-11-22_154400'),
  dirty: z.array(z.string()),
  cluster,
  member: z.object({
    id: hexId,
    name: z.string().optional(),
    endpoint: z.string(),
    role: z.enum(['leader', 'follower', 'learner', 'unknown']),
  }),
  etcd: z.object({ version: z.string(), storageVersion: z.string().optional() }),
  snapshot,
  resources: resources.optional(),
  encryption,
  certificates: z.object({ earliestExpiry: utc, path: z.string() }).optional(),
  verified: z.object({ at: utc, checks: z.array(z.string()) }).optional(),
  resource: resource.optional(),
  warnings: z.array(finding),
});
