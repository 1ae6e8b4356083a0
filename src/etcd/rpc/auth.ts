import { protobuf } from '../../base/index.ts';
import { responseHeader } from './header.ts';
import { service } from './method.ts';

/** Numbers: etcd api/etcdserverpb/rpc.proto, `service Auth`. */
const authenticateRequest = protobuf.message({ name: protobuf.string(1), password: protobuf.string(2) });
const authenticateResponse = protobuf.message({
  header: protobuf.nested(1, responseHeader),
  token: protobuf.string(2),
});

export const authenticateMethod = service('Auth')('Authenticate', authenticateRequest, authenticateResponse);
