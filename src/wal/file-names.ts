/**
 * Names of the files in `member/wal` and `member/snap`. Sources: etcd server/storage/wal/util.go (walName) and
 * server/etcdserver/api/snap/snapshotter.go.
 */
export interface SegmentName {
  /** Counts the segments from 0. */
  readonly sequence: bigint;
  /** The index of the first raft entry that may lie in the segment. */
  readonly firstIndex: bigint;
}

export interface RaftSnapshotName {
  readonly term: bigint;
  readonly index: bigint;
}

const SEGMENT = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/;
const SNAPSHOT = /^([0-9a-f]{16})-([0-9a-f]{16})\.snap$/;

export function encodeSegmentName(name: SegmentName): string {
  return `${hex16(name.sequence)}-${hex16(name.firstIndex)}.wal`;
}

/** Undefined for other files, `.tmp` and `.broken` ones included. */
export function decodeSegmentName(name: string): SegmentName | undefined {
  const pair = decodePair(SEGMENT, name);
  return pair === undefined ? undefined : { sequence: pair[0], firstIndex: pair[1] };
}

export function encodeRaftSnapshotName(name: RaftSnapshotName): string {
  return `${hex16(name.term)}-${hex16(name.index)}.snap`;
}

/** Undefined for other files: `db`, `.snap.db` and `.broken` ones included. */
export function decodeRaftSnapshotName(name: string): RaftSnapshotName | undefined {
  const pair = decodePair(SNAPSHOT, name);
  return pair === undefined ? undefined : { term: pair[0], index: pair[1] };
}

function hex16(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
}

function decodePair(pattern: RegExp, name: string): readonly [bigint, bigint] | undefined {
  const match = pattern.exec(name);
  if (match === null) return undefined;
  return [BigInt(`0x${match[1] ?? ''}`), BigInt(`0x${match[2] ?? ''}`)];
}
