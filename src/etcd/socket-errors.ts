import { systemCode } from '../base/index.ts';
import type { TlsMaterial } from './credentials.ts';
import type { EtcdErrorCode } from './errors.ts';

/** Node's and OpenSSL's codes: nodejs.org/api/tls.html "X509 certificate error codes", and TLS alerts (RFC 8446, 6.2). */
const BY_NODE_CODE: Readonly<Record<string, EtcdErrorCode>> = {
  ENOTFOUND: 'ETCD_HOST_UNKNOWN',
  EAI_AGAIN: 'ETCD_HOST_UNKNOWN',
  ECONNREFUSED: 'ETCD_CONNECTION_REFUSED',
  ENOENT: 'ETCD_CONNECTION_REFUSED',
  ERR_TLS_CERT_ALTNAME_INVALID: 'ETCD_TLS_NAME_MISMATCH',
  CERT_HAS_EXPIRED: 'ETCD_TLS_EXPIRED',
  CERT_NOT_YET_VALID: 'ETCD_TLS_EXPIRED',
  UNABLE_TO_GET_ISSUER_CERT: 'ETCD_TLS_UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'ETCD_TLS_UNTRUSTED',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'ETCD_TLS_UNTRUSTED',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'ETCD_TLS_UNTRUSTED',
  SELF_SIGNED_CERT_IN_CHAIN: 'ETCD_TLS_UNTRUSTED',
  CERT_SIGNATURE_FAILURE: 'ETCD_TLS_UNTRUSTED',
  CERT_UNTRUSTED: 'ETCD_TLS_UNTRUSTED',
  CERT_REJECTED: 'ETCD_TLS_UNTRUSTED',
  INVALID_CA: 'ETCD_TLS_UNTRUSTED',
  INVALID_PURPOSE: 'ETCD_TLS_UNTRUSTED',
  ERR_SSL_WRONG_VERSION_NUMBER: 'ETCD_TLS_NOT_SPOKEN',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'ETCD_TLS_NOT_SPOKEN',
};

/**
 * Alerts by which a server refuses the client's certificate; Go sends `bad certificate` for most reasons. What stands
 * before ALERT differs by the OpenSSL in Node: SSLV3 in Node 20, SSL/TLS since 22, TLSV1 and TLSV13 for newer alerts.
 */
const CLIENT_CERTIFICATE_ALERT =
  /^ERR_SSL_.+_ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_REQUIRED|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)$/;

/** What an error of Node's sockets says about the peer. */
export function codeOf(error: unknown, tls: TlsMaterial | undefined): EtcdErrorCode {
  const code = systemCode(error) ?? '';
  const known = BY_NODE_CODE[code];
  if (known !== undefined) return known;
  if (CLIENT_CERTIFICATE_ALERT.test(code)) {
    return tls?.clientCertificate === undefined
      ? 'ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED'
      : 'ETCD_TLS_CLIENT_CERTIFICATE_REJECTED';
  }
  return code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') ? 'ETCD_TLS_FAILED' : 'ETCD_UNREACHABLE';
}
