import * as z from 'zod';
import { isJsonObject, type JsonObject } from '../schema/index.ts';
import type { Change, StoredObject } from './stored-object.ts';

/**
 * What the frames of the log say, as JSON. The first frame is the heading; then one frame for each object that stood
 * when the file was begun; then one frame for each batch of writes since. The file is begun anew by a rename, so its
 * heading and those objects are never half there.
 */
export const LOG_VERSION = 1;

/** How a frame of changes begins: by this one finds frames in a damaged file. */
export const CHANGES_OPENING = '{"changes":[';

const revision = z
  .string()
  .regex(/^[0-9]{1,20}$/)
  .transform(BigInt);
const json = z.custom<JsonObject>(isJsonObject);

const headingSchema = z.object({
  holdfast: z.literal('objects'),
  version: z.int(),
  /** The newest revision when the file was begun. */
  revision,
  /** How many objects follow. */
  objects: z.int().nonnegative(),
});

const entrySchema = z.object({
  revision,
  resource: z.string().min(1),
  namespace: z.string(),
  name: z.string().min(1),
  /** Null: it was removed. */
  object: json.nullable(),
});
const standingSchema = z.object({ standing: entrySchema.extend({ object: json }) });
const changesSchema = z.object({ changes: z.array(entrySchema).min(1) });

export type LogHeading = z.output<typeof headingSchema>;
export type LogEntry = z.output<typeof entrySchema>;

export function encodeHeading(heading: { readonly revision: bigint; readonly objects: number }): Buffer {
  return encode({
    holdfast: 'objects',
    version: LOG_VERSION,
    revision: heading.revision.toString(),
    objects: heading.objects,
  });
}

export function encodeStanding({ key, revision: at, object }: StoredObject): Buffer {
  return encode({ standing: { revision: at.toString(), ...key, object } });
}

export function encodeChanges(changes: readonly Change[]): Buffer {
  return encode({
    changes: changes.map(({ key, revision: at, after }) => ({
      revision: at.toString(),
      ...key,
      object: after?.object ?? null,
    })),
  });
}

/** Undefined where the payload is no heading. */
export function parseHeading(payload: Buffer): LogHeading | undefined {
  return parse(headingSchema, payload);
}

export function parseStanding(payload: Buffer): (LogEntry & { readonly object: JsonObject }) | undefined {
  return parse(standingSchema, payload)?.standing;
}

export function parseChanges(payload: Buffer): readonly LogEntry[] | undefined {
  return parse(changesSchema, payload)?.changes;
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function parse<T>(schema: z.ZodType<T>, payload: Buffer): T | undefined {
  try {
    return schema.safeParse(JSON.parse(payload.toString())).data;
  } catch {
    return undefined;
  }
}
