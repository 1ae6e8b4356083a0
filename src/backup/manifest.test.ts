import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackupError, decodeManifest, encodeManifest, MANIFEST_SCHEMA_VERSION, type Manifest } from './index.ts';

const digest = 'ab'.repeat(32);
const full: Manifest = {
  schemaVersion: MANIFEST_SCHEMA_VERSION,
  tool: { name: 'holdfast', version: '0.1.0' },
  created: new Date('2026-11-22T06:44:00.000Z'),
  timestamp: '2026-11-22_154400',
  dirty: [],
  cluster: {
    etcdClusterId: 0xcdf818194e3a8c32n,
    kubeSystemUid: '89152f93-6a8f-4c5e-b365-613f55aab8ab',
    kubernetesVersion: 'v1.36.0',
    openshiftVersion: '4.17.5',
    openshift: {
      clusterId: '6f5b1c0e-8a55-4c0e-9d0a-3d8f1f4c2b11',
      updatingTo: '4.17.6',
      infrastructureName: 'demo-x7k2p',
      platform: 'BareMetal',
      controlPlaneTopology: 'HighlyAvailable',
      apiServerUrl: 'https://api.demo.example.com:6443',
    },
    members: [{ id: 1n, name: 'm1', peerUrls: ['https://[::1]:2380'], clientUrls: [], learner: false }],
  },
  member: { id: 0x8e9e05c52164694dn, name: 'm1', endpoint: 'https://127.0.0.1:2379', role: 'follower' },
  etcd: { version: '3.6.5', storageVersion: '3.6.0' },
  snapshot: {
    file: 'snapshot_2026-11-22_154400.db',
    size: 1_273_888,
    sha256: digest,
    contentSha256: digest,
    revision: 2n ** 63n - 1n,
    raftIndex: 2n ** 64n - 1n,
    raftTerm: 7n,
    hash: 1_060_732_731,
    totalKey: 778,
    liveKeys: 700,
    totalSize: 1_273_856,
  },
  resources: {
    file: 'static_kuberesources_2026-11-22_154400.tar.gz',
    folder: '/var/keys',
    size: 4096,
    sha256: digest,
    entries: 12,
    layout: 'openshift',
    staticPods: [{ name: 'kube-apiserver', revision: 6, path: 'static-pod-resources/kube-apiserver-pod-6' }],
  },
  encryption: {
    encryptedResources: [{ resource: 'secrets', provider: 'aescbc', keyNames: ['key1'], count: 14 }],
    configFiles: ['static-pod-resources/kube-apiserver-pod-6/secrets/encryption-config/encryption-config'],
    keysSaved: 'in-resources',
    openshift: {
      type: 'aescbc',
      apiServers: [{ name: 'kube-apiserver', encrypted: 'True', reason: 'EncryptionCompleted', changing: false }],
    },
  },
  certificates: { earliestExpiry: new Date('2027-11-22T00:00:00.000Z'), path: '/etc/kubernetes/pki/ca.crt' },
  verified: { at: new Date('2026-11-22T06:44:03.000Z'), checks: ['trailer', 'structure'] },
  warnings: [{ severity: 'warning', code: 'X', where: 'here', message: 'look', hint: 'do' }],
};
const asJson = (manifest: Manifest): Record<string, unknown> =>
  JSON.parse(encodeManifest(manifest)) as Record<string, unknown>;
/** As another Holdfast would have written these fields, digest included. */
function signed(json: Readonly<Record<string, unknown>>): string {
  const fields = { ...json };
  Reflect.deleteProperty(fields, 'digest');
  return JSON.stringify({ ...fields, digest: createHash('sha256').update(JSON.stringify(fields)).digest('hex') });
}
const decode = (json: Readonly<Record<string, unknown>>): Manifest => decodeManifest(signed(json), '/b/backup.json');

describe('a manifest', () => {
  it('decodes to what was encoded', () => {
    expect(decodeManifest(encodeManifest(full), 'm')).toEqual(full);
    expect(decodeManifest(Buffer.from(encodeManifest(full)), 'm')).toEqual(full);
  });

  it('writes ids in hexadecimal, 64-bit numbers in decimal and times in UTC', () => {
    expect(asJson(full)).toMatchObject({
      schemaVersion: '1.2',
      created: '2026-11-22T06:44:00.000Z',
      cluster: { etcdClusterId: 'cdf818194e3a8c32' },
      member: { id: '8e9e05c52164694d' },
      snapshot: { revision: '9223372036854775807', raftIndex: '18446744073709551615', raftTerm: '7' },
      verified: { at: '2026-11-22T06:44:03.000Z' },
    });
  });

  it('does without everything that is optional', () => {
    const bare: Manifest = { ...full, cluster: { etcdClusterId: 1n }, etcd: { version: '3.4.23' } };
    for (const field of ['resources', 'certificates', 'verified'] as const) Reflect.deleteProperty(bare, field);
    expect(decodeManifest(encodeManifest(bare), 'm')).toEqual(bare);
  });

  it('round-trips whatever its numbers and texts are', () => {
    const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const date = fc.date({ min: new Date(0), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true });
    fc.assert(
      fc.property(uint64, uint64, date, fc.array(fc.string()), fc.nat(0xffff_ffff), (id, revision, at, dirty, hash) => {
        const manifest: Manifest = {
          ...full,
          created: at,
          dirty,
          member: { ...full.member, id },
          snapshot: { ...full.snapshot, revision, hash },
        };
        expect(decodeManifest(encodeManifest(manifest), 'm')).toEqual(manifest);
      }),
    );
  });

  it('vouches for itself: one that was changed by a single character is refused', () => {
    const changed = encodeManifest(full).replace('kube-apiserver-pod-6"', 'kube-apiserver-pod-5"');
    expect(() => decodeManifest(changed, 'm')).toThrow(/it was changed since it was written/);
  });

  it('of a newer minor version is read, without the fields it added', () => {
    const newer = { ...asJson(full), schemaVersion: '1.7', mood: 'calm' };
    expect(decode(newer)).toEqual({ ...full, schemaVersion: '1.7' });
  });

  it('of a newer major version is refused with the way out', () => {
    expect(() => decode({ schemaVersion: '2.0' })).toThrow(
      expect.objectContaining({ code: 'BACKUP_MANIFEST_TOO_NEW', kind: 'needs-user', subject: '/b/backup.json' }),
    );
  });

  it.each([
    ['nothing', ''],
    ['half of one', encodeManifest(full).slice(0, 700)],
    ['an array', '[]'],
    ['no schema version', '{}'],
    ['version 0', JSON.stringify({ ...asJson(full), schemaVersion: '0.9' })],
    ['more than a mebibyte', ' '.repeat(1024 * 1024 + 1)],
  ])('is refused when it is %s', (_what, text) => {
    expect(() => decodeManifest(text, 'm')).toThrow(expect.objectContaining({ code: 'BACKUP_MANIFEST_MALFORMED' }));
  });

  it.each([
    ['a path for a file name', { snapshot: { ...(asJson(full)['snapshot'] as object), file: '../../etc/shadow' } }],
    ['a relative folder', { resources: { ...(asJson(full)['resources'] as object), folder: '../keys' } }],
    ['a number for a revision', { snapshot: { ...(asJson(full)['snapshot'] as object), revision: 7 } }],
    ['a time without zone', { created: '2026-11-22T06:44:00' }],
    ['a timestamp that is none', { timestamp: '2026-02-30_000000' }],
    ['an unknown role', { member: { ...(asJson(full)['member'] as object), role: 'king' } }],
  ])('is refused when it has %s', (_what, change) => {
    expect(() => decode({ ...asJson(full), ...change })).toThrow(BackupError);
  });

  it('that breaks the schema is not written', () => {
    expect(() => encodeManifest({ ...full, snapshot: { ...full.snapshot, size: -1 } })).toThrow(TypeError);
  });
});
