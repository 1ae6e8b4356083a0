import { protobuf } from '../../base/index.ts';

/** Stands at the head of every response. Numbers: etcd api/etcdserverpb/rpc.proto, `ResponseHeader`. */
export const responseHeader = protobuf.message({
  clusterId: protobuf.uint64(1),
  memberId: protobuf.uint64(2),
  revision: protobuf.int64(3),
  raftTerm: protobuf.uint64(4),
});
