import { protobuf } from '../../base/index.ts';
import { responseHeader } from './header.ts';
import { service } from './method.ts';

/** Numbers: etcd api/etcdserverpb/rpc.proto, `service Maintenance`. */
const statusResponse = protobuf.message({
  header: protobuf.nested(1, responseHeader),
  version: protobuf.string(2),
  dbSize: protobuf.int64(3),
  leader: protobuf.uint64(4),
  raftIndex: protobuf.uint64(5),
  raftTerm: protobuf.uint64(6),
  raftAppliedIndex: protobuf.uint64(7),
  errors: protobuf.repeatedString(8),
  dbSizeInUse: protobuf.int64(9),
  isLearner: protobuf.bool(10),
  storageVersion: protobuf.string(11),
  dbSizeQuota: protobuf.int64(12),
});
export type StatusResponse = protobuf.MessageOf<typeof statusResponse>;

const hashKvRequest = protobuf.message({ revision: protobuf.int64(1) });
const hashKvResponse = protobuf.message({
  header: protobuf.nested(1, responseHeader),
  hash: protobuf.uint32(2),
  compactRevision: protobuf.int64(3),
});

export const ALARM_ACTION = { GET: 0, ACTIVATE: 1, DEACTIVATE: 2 } as const;
const alarmRequest = protobuf.message({
  action: protobuf.enumeration(1),
  memberId: protobuf.uint64(2),
  alarm: protobuf.enumeration(3),
});
const alarmResponse = protobuf.message({
  header: protobuf.nested(1, responseHeader),
  alarms: protobuf.repeated(2, protobuf.message({ memberId: protobuf.uint64(1), alarm: protobuf.enumeration(2) })),
});

const empty = protobuf.message({});
const headerOnly = protobuf.message({ header: protobuf.nested(1, responseHeader) });

const method = service('Maintenance');
export const statusMethod = method('Status', empty, statusResponse);
export const hashKvMethod = method('HashKV', hashKvRequest, hashKvResponse);
export const alarmMethod = method('Alarm', alarmRequest, alarmResponse);
export const defragmentMethod = method('Defragment', empty, headerOnly);

/** A server stream; its messages are decoded by hand in snapshot-message.ts. */
export const SNAPSHOT_PATH = '/etcdserverpb.Maintenance/Snapshot';
