import { protobuf } from '../base/index.ts';

/** One message of a snapshot stream: etcd api/etcdserverpb/rpc.proto, `SnapshotResponse`. */
export interface SnapshotMessage {
  /** Bytes of the database that come after this blob; the 32 bytes of the checksum are not counted. */
  readonly remainingBytes: number;
  /** A view into the message. */
  readonly blob: Uint8Array;
  /** The version of the database's schema; since 3.6, else empty. */
  readonly storageVersion: string;
}

const REMAINING_BYTES = 2;
const BLOB = 3;
const VERSION = 4;
const VARINT = 0;
const DELIMITED = 2;
const NOTHING = new Uint8Array(0);

/** Decoded field by field rather than by a schema: there are 32,000 of these in a gigabyte. */
export function decodeSnapshotMessage(bytes: Uint8Array): SnapshotMessage {
  let remainingBytes = 0;
  let blob: Uint8Array = NOTHING;
  let storageVersion = '';
  const reader = new protobuf.ProtobufReader(bytes);
  for (let tag = reader.tag(); tag !== undefined; tag = reader.tag()) {
    if (tag.field === REMAINING_BYTES && tag.wireType === VARINT) remainingBytes = Number(reader.varint());
    else if (tag.field === BLOB && tag.wireType === DELIMITED) blob = reader.delimited();
    else if (tag.field === VERSION && tag.wireType === DELIMITED)
      storageVersion = Buffer.from(reader.delimited()).toString();
    else reader.skip(tag.wireType);
  }
  return { remainingBytes, blob, storageVersion };
}
