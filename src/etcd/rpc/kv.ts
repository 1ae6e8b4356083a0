import { protobuf } from '../../base/index.ts';
import { responseHeader } from './header.ts';
import { service } from './method.ts';

/** Numbers: etcd api/mvccpb/kv.proto, and `service KV` in api/etcdserverpb/rpc.proto. */
const keyValue = protobuf.message({
  key: protobuf.bytes(1),
  createRevision: protobuf.int64(2),
  modRevision: protobuf.int64(3),
  version: protobuf.int64(4),
  value: protobuf.bytes(5),
  lease: protobuf.int64(6),
});
export type KeyValue = protobuf.MessageOf<typeof keyValue>;

const rangeRequest = protobuf.message({
  key: protobuf.bytes(1),
  rangeEnd: protobuf.bytes(2),
  limit: protobuf.int64(3),
  revision: protobuf.int64(4),
  serializable: protobuf.bool(7),
  keysOnly: protobuf.bool(8),
  countOnly: protobuf.bool(9),
});
const rangeResponse = protobuf.message({
  header: protobuf.nested(1, responseHeader),
  kvs: protobuf.repeated(2, keyValue),
  more: protobuf.bool(3),
  count: protobuf.int64(4),
});

const putRequest = protobuf.message({ key: protobuf.bytes(1), value: protobuf.bytes(2), lease: protobuf.int64(3) });
const headerOnly = protobuf.message({ header: protobuf.nested(1, responseHeader) });

const deleteRangeRequest = protobuf.message({ key: protobuf.bytes(1), rangeEnd: protobuf.bytes(2) });
const deleteRangeResponse = protobuf.message({
  header: protobuf.nested(1, responseHeader),
  deleted: protobuf.int64(2),
});

/** One operation of a transaction: exactly one of the two is set. */
const requestOp = protobuf.message({
  put: protobuf.nested(2, putRequest),
  deleteRange: protobuf.nested(3, deleteRangeRequest),
});
const txnRequest = protobuf.message({ success: protobuf.repeated(2, requestOp) });
const txnResponse = protobuf.message({ header: protobuf.nested(1, responseHeader), succeeded: protobuf.bool(2) });

const compactionRequest = protobuf.message({ revision: protobuf.int64(1), physical: protobuf.bool(2) });

const method = service('KV');
export const rangeMethod = method('Range', rangeRequest, rangeResponse);
export const putMethod = method('Put', putRequest, headerOnly);
export const deleteRangeMethod = method('DeleteRange', deleteRangeRequest, deleteRangeResponse);
export const txnMethod = method('Txn', txnRequest, txnResponse);
export const compactMethod = method('Compact', compactionRequest, headerOnly);
