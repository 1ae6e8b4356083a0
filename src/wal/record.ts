import {
  entry,
  hardState,
  memberIdentity,
  walSnapshot,
  type HardState,
  type MemberIdentity,
  type RaftEntry,
  type WalSnapshot,
} from './raft-messages.ts';

/** What a record says. Source: etcd server/storage/wal/wal.go: the types count from 1. */
export type RecordBody =
  /** At the head of every segment. */
  | { readonly kind: 'metadata'; readonly identity: MemberIdentity }
  | { readonly kind: 'entry'; readonly entry: RaftEntry }
  | { readonly kind: 'state'; readonly state: HardState }
  /** The first record of every segment: the checksum that the segment before it ended with. */
  | { readonly kind: 'crc' }
  | { readonly kind: 'snapshot'; readonly snapshot: WalSnapshot };

export const RECORD_TYPES = { metadata: 1n, entry: 2n, state: 3n, crc: 4n, snapshot: 5n } as const;

export function encodeRecordBody(body: RecordBody): Uint8Array {
  switch (body.kind) {
    case 'metadata':
      return memberIdentity.encode(body.identity);
    case 'entry':
      return entry.encode(body.entry);
    case 'state':
      return hardState.encode(body.state);
    case 'crc':
      return new Uint8Array(0);
    case 'snapshot':
      return walSnapshot.encode(body.snapshot);
  }
}

/**
 * Undefined for a type that no etcd writes.
 *
 * @throws ProtobufError if the data is not the message that the type promises
 */
export function decodeRecordBody(type: bigint, data: Uint8Array): RecordBody | undefined {
  switch (type) {
    case RECORD_TYPES.metadata:
      return { kind: 'metadata', identity: memberIdentity.decode(data) };
    case RECORD_TYPES.entry:
      return { kind: 'entry', entry: entry.decode(data) };
    case RECORD_TYPES.state:
      return { kind: 'state', state: hardState.decode(data) };
    case RECORD_TYPES.crc:
      return { kind: 'crc' };
    case RECORD_TYPES.snapshot:
      return { kind: 'snapshot', snapshot: walSnapshot.decode(data) };
    default:
      return undefined;
  }
}
