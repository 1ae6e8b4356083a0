import { protobuf } from '../../base/index.ts';
import { responseHeader } from './header.ts';
import { service } from './method.ts';

/** Numbers: etcd api/etcdserverpb/rpc.proto, `service Cluster`. */
const member = protobuf.message({
  id: protobuf.uint64(1),
  name: protobuf.string(2),
  peerUrls: protobuf.repeatedString(3),
  clientUrls: protobuf.repeatedString(4),
  isLearner: protobuf.bool(5),
});
const memberListRequest = protobuf.message({ linearizable: protobuf.bool(1) });
const memberListResponse = protobuf.message({
  header: protobuf.nested(1, responseHeader),
  members: protobuf.repeated(2, member),
});

export const memberListMethod = service('Cluster')('MemberList', memberListRequest, memberListResponse);
