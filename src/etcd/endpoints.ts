import { isIP } from 'node:net';
import { EtcdError } from './errors.ts';

/** Where one member listens for clients. */
export interface EtcdEndpoint {
  /** As it is shown in messages and reports: the text that was given, with its scheme. */
  readonly url: string;
  /** Whether TLS is spoken to it. */
  readonly tls: boolean;
  readonly address: TcpAddress | UnixAddress;
}

export interface TcpAddress {
  readonly kind: 'tcp';
  /** A name or an IP address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface UnixAddress {
  readonly kind: 'unix';
  readonly path: string;
}

/** What etcdctl reads as an endpoint: client/v3/internal/endpoint/endpoint.go. */
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i;
const HOST_AND_PORT = /^(?:\[([^\]]*)\]|([^:[\]/]*)):(\d+)$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

/**
 * Reads a comma-separated list of endpoints (or several such lists), as etcdctl does: `https://10.0.0.5:2379`,
 * `http://[::1]:2379`, `10.0.0.5:2379`, `unix:///run/etcd.sock`. Repeated endpoints are returned once.
 *
 * @param tls - whether an endpoint without a scheme is spoken to over TLS; etcdctl does so when any TLS flag is given
 * @throws EtcdError `ETCD_ENDPOINT_INVALID` naming the first bad piece
 */
export function parseEndpoints(
  text: string | readonly string[],
  { tls }: { readonly tls: boolean },
): readonly EtcdEndpoint[] {
  const pieces = (typeof text === 'string' ? [text] : text).flatMap((list) => list.split(','));
  const byUrl = new Map<string, EtcdEndpoint>();
  for (const piece of pieces) {
    const endpoint = parseEndpoint(piece.trim(), tls);
    byUrl.set(endpoint.url, endpoint);
  }
  return [...byUrl.values()];
}

function parseEndpoint(piece: string, tlsByDefault: boolean): EtcdEndpoint {
  if (piece === '') throw invalid(piece, 'it is empty');
  const [, scheme, rest] = SCHEME.exec(piece) ?? [];
  if (scheme === undefined || rest === undefined) {
    return tcp(piece, tlsByDefault, piece);
  }
  switch (scheme.toLowerCase()) {
    case 'http':
      return tcp(piece, false, rest);
    case 'https':
      return tcp(piece, true, rest);
    case 'unix':
      return unix(piece, tlsByDefault, rest);
    case 'unixs':
      return unix(piece, true, rest);
    default:
      throw invalid(piece, `its scheme '${scheme}' is not one of http, https, unix and unixs`);
  }
}

function tcp(piece: string, tls: boolean, rest: string): EtcdEndpoint {
  const authority = rest.replace(/\/$/, '');
  if (authority.includes('@')) throw invalid('(hidden)', 'it carries a user name or a password');
  if (/[/?#]/.test(authority)) throw invalid(piece, 'it has a path or a query');
  const [, bracketed, plain, digits] = HOST_AND_PORT.exec(authority) ?? [];
  if (digits === undefined) throw invalid(piece, whyNoHostAndPort(authority));
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw invalid(piece, `its port ${digits} is not in 1 to 65535`);
  const host = bracketed ?? plain ?? '';
  if (host === '') throw invalid(piece, 'it has no host');
  if (bracketed !== undefined && isIP(host) !== 6) throw invalid(piece, `'${host}' is not an IPv6 address`);
  if (isIP(host) === 0 && (!HOST_NAME.test(host) || /^[\d.]+$/.test(host)))
    throw invalid(piece, `'${host}' is neither a host name nor an IP address`);
  const url = `${tls ? 'https' : 'http'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  return { url, tls, address: { kind: 'tcp', host, port } };
}

function whyNoHostAndPort(authority: string): string {
  if (isIP(authority) === 6) return `an IPv6 address needs brackets and a port: [${authority}]:2379`;
  if (/:[^\]]*$/.test(authority)) return 'its port is not a number';
  return `it has no port; etcd usually listens on ${authority}:2379`;
}

function unix(piece: string, tls: boolean, path: string): EtcdEndpoint {
  if (path === '') throw invalid(piece, 'it has no path');
  return { url: `${tls ? 'unixs' : 'unix'}://${path}`, tls, address: { kind: 'unix', path } };
}

function invalid(piece: string, why: string): EtcdError {
  return new EtcdError('ETCD_ENDPOINT_INVALID', `the etcd endpoint '${piece}' cannot be used: ${why}`, {
    hint: "Give --endpoints a comma-separated list such as 'https://10.0.0.5:2379,https://[fd00::5]:2379'.",
    subject: piece,
  });
}
