import type { protobuf } from '../../base/index.ts';

/** One unary gRPC method: its path on the wire and the messages that it takes and gives. */
export interface UnaryMethod<Request, Response> {
  readonly path: string;
  readonly request: protobuf.Schema<Request>;
  readonly response: protobuf.Schema<Response>;
}

/** Declares the methods of one etcd service: `service('Maintenance')('Status', request, response)`. */
export function service(name: string) {
  return <Request, Response>(
    method: string,
    request: protobuf.Schema<Request>,
    response: protobuf.Schema<Response>,
  ): UnaryMethod<Request, Response> => ({ path: `/etcdserverpb.${name}/${method}`, request, response });
}
