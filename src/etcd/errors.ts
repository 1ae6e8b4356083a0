import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

/** Every way in which talking to a live etcd can fail. */
export const etcdErrors = {
  ETCD_ENDPOINT_INVALID: { kind: 'needs-user', meaning: 'A text that should be an etcd endpoint is not one.' },
  ETCD_CREDENTIALS_UNREADABLE: { kind: 'needs-user', meaning: 'A certificate or key file cannot be read.' },
  ETCD_CREDENTIALS_INCOMPLETE: {
    kind: 'needs-user',
    meaning: 'A client certificate was given without its key, or a key without its certificate.',
  },
  ETCD_CERTIFICATE_INVALID: { kind: 'needs-user', meaning: 'A certificate file holds no PEM certificate that parses.' },
  ETCD_CERTIFICATE_EXPIRED: {
    kind: 'needs-user',
    meaning: 'The client certificate is past, or not yet in, its period of validity.',
  },
  ETCD_KEY_INVALID: { kind: 'needs-user', meaning: 'A key file holds no PEM private key that parses.' },
  ETCD_KEY_ENCRYPTED: { kind: 'needs-user', meaning: 'A key file is protected by a passphrase.' },
  ETCD_KEY_MISMATCH: { kind: 'needs-user', meaning: 'The private key does not belong to the client certificate.' },

  ETCD_HOST_UNKNOWN: { kind: 'needs-user', meaning: 'The host name of an endpoint cannot be resolved.' },
  ETCD_CONNECTION_REFUSED: { kind: 'transient', meaning: 'Nothing listens at an endpoint.' },
  ETCD_UNREACHABLE: { kind: 'transient', meaning: 'No connection to an endpoint could be made, or it broke.' },
  ETCD_TIMEOUT: { kind: 'transient', meaning: 'A member did not answer in time.' },
  ETCD_NOT_ETCD: { kind: 'needs-user', meaning: 'Whatever listens at an endpoint does not speak gRPC.' },

  ETCD_TLS_EXPECTED: { kind: 'needs-user', meaning: 'The member wants TLS, and the endpoint was addressed without.' },
  ETCD_TLS_NOT_SPOKEN: { kind: 'needs-user', meaning: 'The endpoint was addressed with TLS, and does not speak it.' },
  ETCD_TLS_UNTRUSTED: { kind: 'needs-user', meaning: "The member's certificate is signed by no trusted CA." },
  ETCD_TLS_NAME_MISMATCH: {
    kind: 'needs-user',
    meaning: "The member's certificate is for other names and addresses than the endpoint's.",
  },
  ETCD_TLS_EXPIRED: {
    kind: 'needs-user',
    meaning: "The member's certificate, or one of its chain, is past or not yet in its period of validity.",
  },
  ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED: {
    kind: 'needs-user',
    meaning: 'The member wants a client certificate, and none was given.',
  },
  ETCD_TLS_CLIENT_CERTIFICATE_REJECTED: {
    kind: 'needs-user',
    meaning: 'The member does not accept the client certificate.',
  },
  ETCD_TLS_FAILED: { kind: 'permanent', meaning: 'The TLS handshake failed for another reason.' },

  ETCD_AUTH_REQUIRED: { kind: 'needs-user', meaning: 'The cluster wants a user, and none was given.' },
  ETCD_AUTH_FAILED: { kind: 'needs-user', meaning: 'The user name or the password is wrong.' },
  ETCD_AUTH_NEEDS_QUORUM: {
    kind: 'transient',
    meaning: 'A password can only be checked by a cluster that has quorum, and this one has none.',
  },
  ETCD_TOKEN_INVALID: { kind: 'transient', meaning: 'The member does not accept the token of this session any more.' },
  ETCD_PERMISSION_DENIED: { kind: 'needs-user', meaning: 'The user may not do this; a snapshot needs the role root.' },

  ETCD_AUTH_NOT_ENABLED: { kind: 'needs-user', meaning: 'A user was given, and the cluster has no authentication.' },

  ETCD_NO_LEADER: {
    kind: 'transient',
    meaning: 'The request needs a quorum, and the cluster has none or could not agree in time.',
  },
  ETCD_MEMBER_STOPPING: { kind: 'transient', meaning: 'The member is starting or stopping.' },
  ETCD_LEARNER: { kind: 'permanent', meaning: 'A learner does not serve this request.' },
  ETCD_CORRUPT: { kind: 'permanent', meaning: 'The member reports that its data are corrupt.' },
  ETCD_NO_SPACE: { kind: 'needs-user', meaning: 'The database has reached its space quota.' },
  ETCD_RESOURCE_EXHAUSTED: { kind: 'transient', meaning: 'The member has too much to do, or a limit was reached.' },
  ETCD_UNIMPLEMENTED: { kind: 'permanent', meaning: 'This release of etcd does not know the request.' },
  ETCD_REQUEST_REFUSED: { kind: 'permanent', meaning: 'etcd refused the request for the reason it gives.' },
  ETCD_RESPONSE_MALFORMED: { kind: 'permanent', meaning: 'A response of a member cannot be decoded.' },
  ETCD_FAILED: { kind: 'transient', meaning: 'A request failed in a way that has no code of its own.' },

  ETCD_STREAM_IDLE: { kind: 'transient', meaning: 'A member went silent in the middle of its snapshot.' },
  ETCD_STREAM_BROKEN: { kind: 'transient', meaning: 'The connection broke in the middle of a snapshot.' },
  ETCD_STREAM_CUT_SHORT: {
    kind: 'transient',
    meaning: 'A snapshot ended in good order, but with fewer or more bytes than its member had announced.',
  },
  ETCD_CLUSTERS_DIFFER: { kind: 'needs-user', meaning: 'The endpoints belong to different etcd clusters.' },
} as const satisfies ErrorTable;

export type EtcdErrorCode = keyof typeof etcdErrors;

/** A failure on the way to, from or inside a live etcd. The subject is the endpoint or the file. */
export class EtcdError extends HoldfastError<EtcdErrorCode> {
  constructor(code: EtcdErrorCode, message: string, details: ErrorDetails) {
    super(etcdErrors[code], code, message, details);
  }
}
