import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { basename } from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { EtcdEndpoint } from './endpoints.ts';

/** Sent as the server name of TLS where there is none: an IP address is not allowed there (RFC 6066, section 3). */
export const NAME_FOR_ADDRESSES = 'etcd.invalid';

/** The name or IP address that the member's certificate must carry: what the user gave. */
export function expectedName({ address }: EtcdEndpoint): string {
  return address.kind === 'unix' ? basename(address.path) : address.host;
}

/**
 * Whether a certificate is for the member at `endpoint`, as Node's `checkServerIdentity` option wants to be told. IP
 * addresses are compared by OpenSSL: Node 22.23.3 compares them as text, and so rejects `::1` for `0:0:0:0:0:0:0:1`.
 */
export function checkIdentity(endpoint: EtcdEndpoint, certificate: PeerCertificate): Error | undefined {
  const name = expectedName(endpoint);
  if (isIP(name) === 0) return checkServerIdentity(name, certificate);
  if (new X509Certificate(certificate.raw).checkIP(name) !== undefined) return undefined;
  const carried = certificate.subjectaltname ?? 'no names and addresses';
  return Object.assign(new Error(`it carries ${carried}`), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}
