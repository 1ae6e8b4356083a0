import { createSecureContext } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { TlsMaterial } from './credentials.ts';
import { codeOf } from './socket-errors.ts';

const withCode = (code: string): Error => Object.assign(new Error('as Node words it'), { code });
const anonymous: TlsMaterial = { context: createSecureContext(), clientCertificate: undefined, trusted: undefined };
const identified: TlsMaterial = { ...anonymous, clientCertificate: '/etc/kubernetes/pki/client.crt' };

describe('an error of a socket', () => {
  it.each([
    ['ENOTFOUND', 'ETCD_HOST_UNKNOWN'],
    ['EAI_AGAIN', 'ETCD_HOST_UNKNOWN'],
    ['ECONNREFUSED', 'ETCD_CONNECTION_REFUSED'],
    ['EHOSTUNREACH', 'ETCD_UNREACHABLE'],
    ['ENETUNREACH', 'ETCD_UNREACHABLE'],
    ['ETIMEDOUT', 'ETCD_UNREACHABLE'],
    ['ECONNRESET', 'ETCD_UNREACHABLE'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'ETCD_TLS_UNTRUSTED'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ETCD_TLS_UNTRUSTED'],
    ['CERT_HAS_EXPIRED', 'ETCD_TLS_EXPIRED'],
    ['CERT_NOT_YET_VALID', 'ETCD_TLS_EXPIRED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ETCD_TLS_NAME_MISMATCH'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ETCD_TLS_NOT_SPOKEN'],
    ['ERR_SSL_NO_PROTOCOLS_AVAILABLE', 'ETCD_TLS_FAILED'],
  ])('of the code %s means %s', (code, expected) => {
    expect(codeOf(withCode(code), anonymous)).toBe(expected);
  });

  it.each([
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', // OpenSSL 3.0, in Node 20
    'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', // OpenSSL 3.5, in Node 22 and 24
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  ])('of the alert %s is about the client certificate, given or not', (code) => {
    expect(codeOf(withCode(code), anonymous)).toBe('ETCD_TLS_CLIENT_CERTIFICATE_REQUIRED');
    expect(codeOf(withCode(code), identified)).toBe('ETCD_TLS_CLIENT_CERTIFICATE_REJECTED');
  });

  it('without a code is a connection that could not be made', () => {
    expect(codeOf(new Error('?'), undefined)).toBe('ETCD_UNREACHABLE');
    expect(codeOf('?', undefined)).toBe('ETCD_UNREACHABLE');
  });
});
