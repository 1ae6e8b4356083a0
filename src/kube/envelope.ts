import { asBuffer, HoldfastError, protobuf } from '../base/index.ts';
import { parseEncryptionHeader } from './encryption-header.ts';

/**
 * How an object lies in etcd (kubernetes: staging/src/k8s.io/apimachinery/pkg/runtime/serializer/protobuf):
 * `k8s\0` and a runtime.Unknown message for built-in resources, JSON for custom ones, or an encrypted value of either.
 */
export type StoredObject =
  | {
      readonly encoding: 'protobuf';
      readonly apiVersion: string;
      readonly kind: string;
      /** The object's own message; {@link readObjectMeta} reads its first field. */
      readonly raw: Uint8Array;
    }
  | {
      readonly encoding: 'json';
      readonly apiVersion: string;
      readonly kind: string;
      readonly value: Readonly<Record<string, unknown>>;
    }
  | { readonly encoding: 'encrypted'; readonly provider: string; readonly version: string; readonly keyName: string }
  | { readonly encoding: 'unknown' };

/** What every object says of itself. */
export interface ObjectMeta {
  readonly name: string;
  /** Absent for what has no namespace. */
  readonly namespace: string | undefined;
  readonly uid: string;
  /** Absent where the object does not say. */
  readonly created: Date | undefined;
}

const PROTOBUF_MAGIC = Buffer.from('k8s\0');
const typeMeta = protobuf.message({ apiVersion: protobuf.string(1), kind: protobuf.string(2) });
const unknownObject = protobuf.message({ typeMeta: protobuf.nested(1, typeMeta), raw: protobuf.bytes(2) });
// apimachinery: pkg/apis/meta/v1/generated.proto. ObjectMeta is field 1 of every object.
const time = protobuf.message({ seconds: protobuf.int64(1) });
const objectMeta = protobuf.message({
  name: protobuf.string(1),
  namespace: protobuf.string(3),
  uid: protobuf.string(5),
  creationTimestamp: protobuf.nested(8, time),
});
const anyObject = protobuf.message({ metadata: protobuf.nested(1, objectMeta) });

/** Opens a stored value as far as it can be without keys. Never throws: what it does not know is `unknown`. */
export function decodeStored(value: Uint8Array): StoredObject {
  const bytes = asBuffer(value);
  const header = parseEncryptionHeader(bytes);
  if (header !== undefined) {
    const { provider, version, keyName } = header;
    return { encoding: 'encrypted', provider, version, keyName };
  }
  if (bytes.subarray(0, PROTOBUF_MAGIC.length).equals(PROTOBUF_MAGIC)) {
    const found = decodeOrUndefined(unknownObject, bytes.subarray(PROTOBUF_MAGIC.length));
    if (found === undefined) return { encoding: 'unknown' };
    const { apiVersion = '', kind = '' } = found.typeMeta ?? {};
    return { encoding: 'protobuf', apiVersion, kind, raw: found.raw };
  }
  return bytes[0] === 0x7b ? decodeJson(bytes) : { encoding: 'unknown' };
}

function decodeJson(bytes: Buffer): StoredObject {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (!isRecord(value)) return { encoding: 'unknown' };
    return { encoding: 'json', apiVersion: textOf(value['apiVersion']), kind: textOf(value['kind']), value };
  } catch {
    return { encoding: 'unknown' };
  }
}

/** Reads an object's metadata; undefined where it is encrypted, damaged or has none. */
export function readObjectMeta(object: StoredObject): ObjectMeta | undefined {
  if (object.encoding === 'protobuf') {
    const meta = decodeOrUndefined(anyObject, object.raw)?.metadata;
    if (meta === undefined) return undefined;
    const seconds = meta.creationTimestamp?.seconds ?? 0n;
    const created = seconds === 0n ? undefined : new Date(Number(seconds) * 1000);
    return { name: meta.name, namespace: orUndefined(meta.namespace), uid: meta.uid, created };
  }
  const meta = object.encoding === 'json' ? object.value['metadata'] : undefined;
  if (!isRecord(meta)) return undefined;
  const created = new Date(textOf(meta['creationTimestamp']));
  return {
    name: textOf(meta['name']),
    namespace: orUndefined(textOf(meta['namespace'])),
    uid: textOf(meta['uid']),
    created: Number.isNaN(created.getTime()) ? undefined : created,
  };
}

/** Decodes a message that may be damaged. */
export function decodeOrUndefined<T>(schema: protobuf.Schema<T>, bytes: Uint8Array): T | undefined {
  try {
    return schema.decode(bytes);
  } catch (error) {
    if (error instanceof HoldfastError) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function orUndefined(text: string): string | undefined {
  return text === '' ? undefined : text;
}
