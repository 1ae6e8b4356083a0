import { createHash } from 'node:crypto';
import * as z from 'zod';
import { messageOf } from '../base/index.ts';
import { BackupError } from './errors.ts';
import { manifestSchema } from './manifest-schema.ts';

/** What a manifest written by this version says of itself: major, then minor. A minor step only adds fields. */
export const MANIFEST_SCHEMA_VERSION = '1.2';
/** No manifest is larger; a file that is, is none. */
export const MAX_MANIFEST_BYTES: number = 1024 * 1024;

/** What a backup says of itself. 64-bit numbers and ids are bigints, times are Dates; `docs/formats/manifest.md` has each field. */
export type Manifest = Readonly<z.output<typeof manifestSchema>>;
/** The snapshot as its manifest describes it. */
export type ManifestSnapshot = Manifest['snapshot'];
/** The static pod resources as their manifest describes them. */
export type ManifestResources = NonNullable<Manifest['resources']>;
/** What is encrypted at rest in the snapshot, and where the keys lie. */
export type ManifestEncryption = Manifest['encryption'];

/** The field that comes last and vouches for the others: a changed version or size must not pass for what was written. */
const DIGEST_FIELD = 'digest';

/**
 * The manifest's JSON: indented, its own digest as the last field, with a line feed at the end. Throws TypeError if a
 * value breaks the schema.
 */
export function encodeManifest(manifest: Manifest): string {
  const encoded = z.safeEncode(manifestSchema, manifest);
  if (!encoded.success) throw new TypeError(`manifest: ${z.prettifyError(encoded.error)}`, { cause: encoded.error });
  return `${JSON.stringify({ ...encoded.data, [DIGEST_FIELD]: digestOf(encoded.data) }, null, 2)}\n`;
}

/** SHA-256 of all fields as compact JSON, in their order. */
function digestOf(fields: object): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex');
}

/**
 * Reads a manifest; fields that a later minor version added are dropped.
 *
 * @param bytes - the file's content
 * @param path - the file, for messages
 * @throws BackupError `BACKUP_MANIFEST_TOO_NEW`, `BACKUP_MANIFEST_MALFORMED`
 */
export function decodeManifest(bytes: Uint8Array | string, path: string): Manifest {
  const json = parseJson(bytes, path);
  const version = z.object({ schemaVersion: z.string().regex(/^\d{1,6}\.\d{1,6}$/) }).safeParse(json);
  if (!version.success) throw malformed(path, 'it does not say its schemaVersion', version.error);
  const major = Number.parseInt(version.data.schemaVersion, 10);
  if (major > Number.parseInt(MANIFEST_SCHEMA_VERSION, 10)) {
    throw new BackupError(
      'BACKUP_MANIFEST_TOO_NEW',
      `${path} has schema version ${version.data.schemaVersion}; this Holdfast reads ${MANIFEST_SCHEMA_VERSION}`,
      { subject: path, hint: 'Use the Holdfast that wrote this backup, or a newer one.' },
    );
  }
  expectOwnDigest(json, path);
  const manifest = z.safeDecode(manifestSchema, json as z.input<typeof manifestSchema>);
  if (!manifest.success) throw malformed(path, firstIssue(manifest.error), manifest.error);
  return manifest.data;
}

function expectOwnDigest(json: unknown, path: string): void {
  const { [DIGEST_FIELD]: digest, ...fields } = json as Readonly<Record<string, unknown>>;
  if (digest !== digestOf(fields)) throw malformed(path, 'it was changed since it was written: its digest differs');
}

function parseJson(bytes: Uint8Array | string, path: string): unknown {
  if (bytes.length > MAX_MANIFEST_BYTES) throw malformed(path, `it is larger than ${MAX_MANIFEST_BYTES} bytes`);
  try {
    return JSON.parse(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw malformed(path, `it is not JSON (${messageOf(error)})`, error);
  }
}

function firstIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'it breaks the schema' : `${issue.path.join('.')}: ${issue.message}`;
}

function malformed(path: string, why: string, cause?: unknown): BackupError {
  return new BackupError('BACKUP_MANIFEST_MALFORMED', `${path} is not a manifest: ${why}`, {
    subject: path,
    hint: `Run holdfast verify on the snapshot beside it; without a readable manifest the backup counts as unverified.`,
    cause,
  });
}
