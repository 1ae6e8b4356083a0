import { protobuf } from '../base/index.ts';

/**
 * The messages of raft and etcd that lie in a write-ahead log and in `.snap` files. Sources: raftpb/raft.proto of
 * go.etcd.io/raft (the same numbers in etcd 3.4, 3.5 and 3.6), etcd server/storage/wal/walpb/record.proto,
 * api/etcdserverpb/etcdserver.proto, server/etcdserver/api/snap/snappb/snap.proto.
 *
 * They are proto2 and their numbers are never left out, zero or not: encoding does the same, so that the bytes equal
 * what etcd writes.
 */
const { bytes, int64, message, nested, repeatedUint64 } = protobuf;
const VARINT = 0;

/** A number that is written even where it is zero. */
function always<T>(field: protobuf.Field<T>): protobuf.Field<T> {
  return {
    ...field,
    encode(writer, value) {
      if (value !== field.empty()) {
        field.encode(writer, value);
        return;
      }
      writer.tag(field.number, VARINT);
      writer.varint(0n);
    },
  };
}

const uint64 = (number: number): protobuf.Field<bigint> => always(protobuf.uint64(number));
const uint32 = (number: number): protobuf.Field<number> => always(protobuf.uint32(number));
const enumeration = (number: number): protobuf.Field<number> => always(protobuf.enumeration(number));
const bool = (number: number): protobuf.Field<boolean> => always(protobuf.bool(number));

/** walpb.Record: what a frame of the log holds. */
export const walRecord = message({ type: always(int64(1)), crc: uint32(2), data: bytes(3) });

/** etcdserverpb.Metadata: whose log this is. */
export const memberIdentity = message({ memberId: uint64(1), clusterId: uint64(2) });
/** Which member of which cluster a log belongs to. */
export type MemberIdentity = protobuf.MessageOf<typeof memberIdentity>;

/** raftpb.HardState. */
export const hardState = message({ term: uint64(1), vote: uint64(2), commit: uint64(3) });
/** What a member must not forget: its term, whom it voted for in it, and the last index known to be committed. */
export type HardState = protobuf.MessageOf<typeof hardState>;

/** raftpb.Entry. */
export const entry = message({ type: enumeration(1), term: uint64(2), index: uint64(3), data: bytes(4) });
/** One entry of the raft log; see {@link ENTRY_TYPES}. */
export type RaftEntry = protobuf.MessageOf<typeof entry>;

/** raftpb.EntryType. etcd proposes no `confChangeV2`. */
export const ENTRY_TYPES = { normal: 0, confChange: 1, confChangeV2: 2 } as const;

/** raftpb.ConfChange. */
export const confChange = message({ id: uint64(1), type: enumeration(2), nodeId: uint64(3), context: bytes(4) });
/** A change of the membership; `context` is JSON of the member (membership.ConfigChangeContext), empty for removals. */
export type ConfChange = protobuf.MessageOf<typeof confChange>;

/** raftpb.ConfChangeType. Promoting a learner is an `addNode`. */
export const CONF_CHANGE_TYPES = { addNode: 0, removeNode: 1, updateNode: 2, addLearnerNode: 3 } as const;

/** raftpb.ConfState. */
export const raftConfState = message({
  voters: repeatedUint64(1),
  learners: repeatedUint64(2),
  votersOutgoing: repeatedUint64(3),
  learnersNext: repeatedUint64(4),
  autoLeave: bool(5),
});
/** Who votes and who learns; the other three only while a joint change is under way. */
export type RaftConfState = protobuf.MessageOf<typeof raftConfState>;

/** walpb.Snapshot. */
export const walSnapshot = message({ index: uint64(1), term: uint64(2), confState: nested(3, raftConfState) });
/** A mark in the log: a raft snapshot of this index and term was saved. `confState` since etcd 3.5. */
export type WalSnapshot = protobuf.MessageOf<typeof walSnapshot>;

const snapshotMetadata = message({ confState: nested(1, raftConfState), index: uint64(2), term: uint64(3) });

/** raftpb.Snapshot. */
export const raftSnapshot = message({ data: bytes(1), metadata: nested(2, snapshotMetadata) });

/** snappb.snapshot: the envelope of a `.snap` file. */
export const snapEnvelope = message({ crc: uint32(1), data: bytes(2) });
