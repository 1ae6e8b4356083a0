import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEndpoints } from './endpoints.ts';
import { EtcdError } from './errors.ts';

const one = (text: string, tls = false): unknown => parseEndpoints(text, { tls })[0];
const tcp = (host: string, port = 2379): unknown => ({ kind: 'tcp', host, port });

describe('an endpoint', () => {
  it.each([
    ['https://10.0.0.5:2379', 'https://10.0.0.5:2379', true, tcp('10.0.0.5')],
    ['http://10.0.0.5:2379', 'http://10.0.0.5:2379', false, tcp('10.0.0.5')],
    ['https://[::1]:2379', 'https://[::1]:2379', true, tcp('::1')],
    ['https://[fd00::10:5]:12379/', 'https://[fd00::10:5]:12379', true, tcp('fd00::10:5', 12379)],
    ['HTTPS://etcd-0.example.com:2379', 'https://etcd-0.example.com:2379', true, tcp('etcd-0.example.com')],
    ['http://localhost:2379', 'http://localhost:2379', false, tcp('localhost')],
    ['https://my_host:2379', 'https://my_host:2379', true, tcp('my_host')],
    ['unix:///run/etcd.sock', 'unix:///run/etcd.sock', false, { kind: 'unix', path: '/run/etcd.sock' }],
    ['unixs:///run/etcd.sock', 'unixs:///run/etcd.sock', true, { kind: 'unix', path: '/run/etcd.sock' }],
    ['unix://localhost:2379', 'unix://localhost:2379', false, { kind: 'unix', path: 'localhost:2379' }],
  ])('%s is read as etcdctl reads it', (text, url, tls, address) => {
    expect(one(text)).toEqual({ url, tls, address });
  });

  it('without a scheme is spoken to over TLS only where TLS is configured', () => {
    expect(one('10.0.0.5:2379')).toEqual({ url: 'http://10.0.0.5:2379', tls: false, address: tcp('10.0.0.5') });
    expect(one('10.0.0.5:2379', true)).toMatchObject({ url: 'https://10.0.0.5:2379', tls: true });
    expect(one('[::1]:2379', true)).toEqual({ url: 'https://[::1]:2379', tls: true, address: tcp('::1') });
  });

  it('with http:// is spoken to in the clear even where TLS is configured', () => {
    expect(one('http://10.0.0.5:2379', true)).toMatchObject({ tls: false });
  });

  it.each([
    ['', 'is empty'],
    ['https://10.0.0.5', 'has no port'],
    ['etcd-0', 'has no port'],
    ['https://10.0.0.5:0', 'port 0'],
    ['https://10.0.0.5:65536', 'port 65536'],
    ['https://10.0.0.5:http', 'port is not a number'],
    ['https://:2379', 'no host'],
    ['fd00::5', 'brackets'],
    ['[not-an-address]:2379', 'not an IPv6 address'],
    ['10.0.0.256:2379', 'neither a host name nor an IP address'],
    ['https://bad host:2379', 'neither a host name nor an IP address'],
    ['https://10.0.0.5:2379/v3', 'path'],
    ['ftp://10.0.0.5:2379', "scheme 'ftp'"],
    ['unix://', 'no path'],
  ])('%j is refused, and the message says why', (text, why) => {
    const parse = (): unknown => one(text);
    expect(parse).toThrow(why);
    expect(parse).toThrow(EtcdError);
    expect(parse).toThrow(`'${text}'`);
  });

  it('with a password in it is refused without showing it', () => {
    expect(() => one('https://root:hunter2@10.0.0.5:2379')).toThrow('user name or a password');
    expect(() => one('https://root:hunter2@10.0.0.5:2379')).not.toThrow('hunter2');
  });
});

describe('a list of endpoints', () => {
  it('is split at commas, in order, with blanks ignored and repetitions dropped', () => {
    const lists = ['https://a:1, https://b:2', 'https://a:1,https://c:3'];
    expect(parseEndpoints(lists, { tls: false }).map(({ url }) => url)).toEqual([
      'https://a:1',
      'https://b:2',
      'https://c:3',
    ]);
  });

  it('names the bad piece, not the whole', () => {
    expect(() => parseEndpoints('https://a:1,nonsense,https://b:2', { tls: false })).toThrow("'nonsense'");
  });

  it('gives endpoints or an ETCD_ENDPOINT_INVALID for any text, and reads its own output', () => {
    const scheme = fc.constantFrom('', 'http://', 'https://', 'unix://', 'unixs://', 'ftp://');
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.string(),
    );
    const port = fc.oneof(
      fc.nat({ max: 70_000 }).map((number) => `:${number}`),
      fc.string(),
    );
    const pieces = fc.tuple(scheme, host, port).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), pieces), (text) => {
        try {
          const endpoints = parseEndpoints(text, { tls: true });
          const urls = endpoints.map(({ url }) => url);
          expect(parseEndpoints(urls, { tls: false })).toEqual(endpoints);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ETCD_ENDPOINT_INVALID' });
        }
      }),
    );
  });
});
