import { describe, expect, it } from 'vitest';
import { protobuf } from '../base/index.ts';
import {
  clusterFacts,
  decodeStored,
  encryptionChanging,
  joinCensus,
  joinLiveKeys,
  KubeCensus,
  LiveKeyCheck,
  liveMissingKeys,
  readObjectMeta,
  type EncryptedGroup,
  type KubeCensusResult,
} from './index.ts';

/** The kube-system namespace of a Kubernetes 1.36 control plane, byte by byte as it lay in etcd. */
const KUBE_SYSTEM = Buffer.from(
  'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEo4CCvMBCgtrdWJlLXN5c3RlbRIAGgAiACokODkxNTJmOTMtNmE4Zi00YzVlLWIzNjUtNjEzZjU1YWFiOGFi' +
    'MgA4AEIICKymjNgGEABaKgoba3ViZXJuZXRlcy5pby9tZXRhZGF0YS5uYW1lEgtrdWJlLXN5c3RlbYoBfQoOa3ViZS1hcGlzZXJ2ZXISBlVw' +
    'ZGF0ZRoCdjEiCAispozYBhAAMghGaWVsZHNWMTpJCkd7ImY6bWV0YWRhdGEiOnsiZjpsYWJlbHMiOnsiLiI6e30sImY6a3ViZXJuZXRlcy5p' +
    'by9tZXRhZGF0YS5uYW1lIjp7fX19fUIAEgwKCmt1YmVybmV0ZXMaCAoGQWN0aXZlGgAiAA==',
  'base64',
);
const UID = '89152f93-6a8f-4c5e-b365-613f55aab8ab';

const { message, nested, repeated, string, bytes } = protobuf;
const envelope = message({ typeMeta: nested(1, message({ apiVersion: string(1), kind: string(2) })), raw: bytes(2) });
const nodeSchema = message({
  metadata: nested(1, message({ name: string(1) })),
  status: nested(3, message({ nodeInfo: nested(7, message({ kubeletVersion: string(7) })) })),
});
const configMapSchema = message({ data: repeated(2, message({ key: string(1), value: string(2) })) });
const wrap = (kind: string, raw: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), envelope.encode({ typeMeta: { apiVersion: 'v1', kind }, raw })]);
const node = (version: string): Buffer =>
  wrap('Node', nodeSchema.encode({ metadata: { name: 'n' }, status: { nodeInfo: { kubeletVersion: version } } }));
const clusterVersion = (status: unknown): Buffer =>
  Buffer.from(JSON.stringify({ apiVersion: 'config.openshift.io/v1', kind: 'ClusterVersion', status }));
const encrypted = (provider: string, key: string): Buffer => Buffer.from(`k8s:enc:${provider}:v1:${key}:\x01\x02`);

type Entry = readonly [key: string, value: Buffer | 'deleted'];

/** Shows entries to a visitor as a page of a snapshot would hold them. */
function walk<R>(visitor: Pick<KubeCensus | LiveKeyCheck, 'visit'> & { result(): R }, entries: readonly Entry[]): R {
  entries.forEach(([key, value], index) => {
    const content = value === 'deleted' ? Buffer.alloc(0) : value;
    const page = Buffer.concat([
      Buffer.from('....'),
      Buffer.from(key),
      Buffer.from('..'),
      content,
      Buffer.from('....'),
    ]);
    const valueStart = 6 + Buffer.byteLength(key);
    visitor.visit(page, 4, valueStart - 2, valueStart, valueStart + content.length, index + 2, value === 'deleted');
    page.fill(0);
  });
  return visitor.result();
}
const census = (...entries: Entry[]): KubeCensusResult => walk(new KubeCensus(), entries);

describe('a stored object', () => {
  it('in protobuf says its kind and its metadata', () => {
    const object = decodeStored(KUBE_SYSTEM);
    expect(object).toMatchObject({ encoding: 'protobuf', apiVersion: 'v1', kind: 'Namespace' });
    expect(readObjectMeta(object)).toEqual({
      name: 'kube-system',
      namespace: undefined,
      uid: UID,
      created: new Date('2026-11-22T16:07:08Z'),
    });
  });

  it('in JSON says the same', () => {
    const metadata = { name: 'a', namespace: 'b', uid: 'c', creationTimestamp: '2026-11-22T16:14:04Z' };
    const object = decodeStored(Buffer.from(JSON.stringify({ apiVersion: 'x/v1', kind: 'Y', metadata })));
    expect(object).toMatchObject({ encoding: 'json', apiVersion: 'x/v1', kind: 'Y' });
    expect(readObjectMeta(object)).toEqual({
      name: 'a',
      namespace: 'b',
      uid: 'c',
      created: new Date('2026-11-22T16:14:04Z'),
    });
  });

  it('that is encrypted says with which key, and no more', () => {
    const object = decodeStored(encrypted('aescbc', 'key1'));
    expect(object).toEqual({ encoding: 'encrypted', provider: 'aescbc', version: 'v1', keyName: 'key1' });
    expect(readObjectMeta(object)).toBeUndefined();
  });

  it.each(['', '{', '[]', '{"a":', 'text', 'k8s\0\xff\xff'])(
    'that is damaged (%j) is unknown, never a failure',
    (text) => {
      const object = decodeStored(Buffer.from(text, 'latin1'));
      expect(object.encoding).toBe('unknown');
      expect(readObjectMeta(object)).toBeUndefined();
    },
  );

  it('cut short anywhere does not fail either', () => {
    for (let length = 0; length < KUBE_SYSTEM.length; length++)
      readObjectMeta(decodeStored(KUBE_SYSTEM.subarray(0, length)));
    expect(readObjectMeta(decodeStored(KUBE_SYSTEM.subarray(0, 100)))).toBeUndefined();
  });
});

describe('a census', () => {
  it.each(['/registry/', '/kubernetes.io/'])('under %s finds out which cluster it is', (prefix) => {
    const history = [
      { state: 'Partial', version: '4.18.0' },
      { state: 'Completed', version: '4.17.5' },
      { state: 'Completed', version: '4.16.1' },
    ];
    const found = census(
      ['compact_rev_key', Buffer.from('5')],
      [`${prefix}namespaces/kube-system`, KUBE_SYSTEM],
      [
        `${prefix}config.openshift.io/clusterversions/version`,
        clusterVersion({ desired: { version: '4.18.0' }, history }),
      ],
      [`${prefix}minions/m0`, node('v1.9.7')],
      [`${prefix}minions/m1`, node('v1.30.4')],
      [`${prefix}pods/a/b`, wrap('Pod', Buffer.alloc(0))],
    );
    expect(clusterFacts(found)).toEqual({
      kubeSystemUid: UID,
      openshiftVersion: '4.17.5',
      openshift: { updatingTo: '4.18.0', encryption: [] },
      kubernetesVersion: 'v1.30.4',
      encrypted: [],
      looksLikeKubernetes: true,
    });
    expect(found).toMatchObject({ kubernetesEntries: 5, otherEntries: 1 });
  });

  it('reads what OpenShift says of its infrastructure and of its encryption', () => {
    const of = (conditions: unknown): Buffer => Buffer.from(JSON.stringify({ status: { conditions } }));
    const done = {
      type: 'Encrypted',
      status: 'True',
      reason: 'EncryptionCompleted',
      message: 'All resources encrypted',
    };
    const migrating = { type: 'EncryptionMigrationControllerProgressing', status: 'True', reason: 'Migrating' };
    const begun = { type: 'Encrypted', status: 'False', reason: 'EncryptionInProgress' };
    const infrastructure = {
      status: {
        infrastructureName: 'demo-x7k2p',
        platformStatus: { type: 'BareMetal' },
        controlPlaneTopology: 'HighlyAvailable',
        apiServerURL: 'https://api.demo.example.com:6443',
      },
    };
    const [config, operator] = ['/kubernetes.io/config.openshift.io', '/kubernetes.io/operator.openshift.io'];
    const release = { desired: { version: '4.17.5' }, history: [{ state: 'Completed', version: '4.17.5' }] };
    const found = census(
      [`${config}/clusterversions/version`, clusterVersion(release)],
      [`${config}/infrastructures/cluster`, Buffer.from(JSON.stringify(infrastructure))],
      [`${config}/apiservers/cluster`, Buffer.from(JSON.stringify({ spec: { encryption: { type: 'aescbc' } } }))],
      [`${operator}/kubeapiservers/cluster`, of([begun])],
      [`${operator}/kubeapiservers/cluster`, of([done])],
      [`${operator}/openshiftapiservers/cluster`, of([done, migrating])],
      [`${operator}/authentications/cluster`, of([begun])],
      [`${operator}/etcds/cluster`, of([begun])],
    );
    const { openshift } = clusterFacts(found);
    expect(openshift).toEqual({
      infrastructure: {
        name: 'demo-x7k2p',
        platform: 'BareMetal',
        controlPlaneTopology: 'HighlyAvailable',
        apiServerUrl: 'https://api.demo.example.com:6443',
      },
      encryptionType: 'aescbc',
      encryption: [
        { apiServer: 'kube-apiserver', encrypted: 'True', reason: 'EncryptionCompleted', changing: false },
        { apiServer: 'openshift-apiserver', encrypted: 'True', reason: 'EncryptionCompleted', changing: true },
        { apiServer: 'oauth-apiserver', encrypted: 'False', reason: 'EncryptionInProgress', changing: true },
      ],
    });
    expect(encryptionChanging({ openshift }).map(({ code, where }) => `${code} ${where}`)).toEqual([
      'KUBE_ENCRYPTION_CHANGING openshift-apiserver',
      'KUBE_ENCRYPTION_CHANGING oauth-apiserver',
    ]);
    expect(encryptionChanging({})).toEqual([]);
  });

  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['aesgcm', 'aesgcm'],
  ])('takes no word (%j) of encryption for %s', (type, expected) => {
    const config = '/kubernetes.io/config.openshift.io';
    const found = census(
      [`${config}/clusterversions/version`, clusterVersion({ desired: { version: '4.17.5' } })],
      [`${config}/apiservers/cluster`, Buffer.from(JSON.stringify({ spec: { encryption: { type } } }))],
    );
    expect(clusterFacts(found).openshift?.encryptionType).toBe(expected);
  });

  it('takes the version wanted while no update was completed, and kubeadm’s word before the kubelets’', () => {
    const value = 'apiServer: {}\nkubernetesVersion: v1.34.1\nnetworking: {}\n';
    const found = census(
      ['/registry/config.openshift.io/clusterversions/version', clusterVersion({ desired: { version: '4.19.0' } })],
      ['/registry/minions/m0', node('v1.33.0')],
      [
        '/registry/configmaps/kube-system/kubeadm-config',
        wrap('ConfigMap', configMapSchema.encode({ data: [{ key: 'ClusterConfiguration', value }] })),
      ],
    );
    expect(clusterFacts(found)).toMatchObject({ openshiftVersion: '4.19.0', kubernetesVersion: 'v1.34.1' });
  });

  it('believes the newest revision, and forgets what was deleted', () => {
    const key = '/registry/config.openshift.io/clusterversions/version';
    const older = clusterVersion({ desired: { version: '4.17.0' } });
    const newer = clusterVersion({ desired: { version: '4.18.0' } });
    expect(clusterFacts(census([key, older], [key, newer])).openshiftVersion).toBe('4.18.0');
    expect(clusterFacts(census([key, older], [key, 'deleted'])).openshiftVersion).toBeUndefined();
    expect(clusterFacts(joinCensus([census([key, older]), census([key, newer]), census()])).openshiftVersion).toBe(
      '4.18.0',
    );
    expect(clusterFacts(joinCensus([census([key, older]), census([key, 'deleted'])])).openshiftVersion).toBeUndefined();
  });

  it('counts encrypted entries by resource, provider and key, superseded ones too', () => {
    const found = census(
      ['/registry/secrets/a/one', encrypted('aescbc', 'key1')],
      ['/registry/secrets/a/two', encrypted('aescbc', 'key1')],
      ['/registry/secrets/a/one', encrypted('aescbc', 'key2')],
      ['/registry/secrets/a/two', 'deleted'],
      ['/registry/configmaps/a/x', encrypted('secretbox', 'sb')],
      ['/registry/example.com/widgets/a/w', encrypted('aescbc', 'key1')],
      ['/registry/secrets/a/plain', wrap('Secret', Buffer.alloc(0))],
      ['/registry/secrets/a/three', encrypted('aescbc', 'key1')],
    );
    expect(
      found.encrypted.map(({ resource, provider, keyName, count }) => [resource, provider, keyName, count]),
    ).toEqual([
      ['secrets', 'aescbc', 'key1', 3],
      ['secrets', 'aescbc', 'key2', 1],
      ['configmaps', 'secretbox', 'sb', 1],
      ['widgets.example.com', 'aescbc', 'key1', 1],
    ]);
    expect(found.encrypted[0]).toMatchObject({ keyPrefix: '/registry/secrets/', sample: '/registry/secrets/a/one' });
  });

  it('of parts joined is that of the whole, and survives the way from a worker thread', () => {
    const entries: Entry[] = [
      ['/registry/secrets/a/one', encrypted('aescbc', 'key1')],
      ['/registry/namespaces/kube-system', KUBE_SYSTEM],
      ['/registry/secrets/a/two', encrypted('aescbc', 'key2')],
      ['foo', Buffer.from('bar')],
      ['/registry/secrets/a/three', encrypted('aescbc', 'key1')],
      ['/registry/minions/m0', node('v1.30.4')],
    ];
    const whole = census(...entries);
    for (let at = 0; at <= entries.length; at++) {
      const parts = [census(...entries.slice(0, at)), census(...entries.slice(at))];
      expect(joinCensus(structuredClone(parts))).toEqual(whole);
    }
  });

  it('does not take any other key space for a control plane’s', () => {
    expect(clusterFacts(census()).looksLikeKubernetes).toBe(false);
    expect(clusterFacts(census(['foo', Buffer.from('bar')], ['/app/x', Buffer.from('1')])).looksLikeKubernetes).toBe(
      false,
    );
  });
});

describe('missing keys', () => {
  const key1: EncryptedGroup = {
    resource: 'secrets',
    keyPrefix: '/registry/secrets/',
    provider: 'aescbc',
    keyName: 'key1',
    count: 9,
    sample: '/registry/secrets/a/one',
  };
  const gcm: EncryptedGroup = { ...key1, provider: 'aesgcm' };
  const live = (...parts: Entry[][]): EncryptedGroup[] => {
    const missing = [key1, gcm];
    const results = parts.map((entries) => walk(new LiveKeyCheck(missing), entries));
    return liveMissingKeys(missing, joinLiveKeys(structuredClone(results)));
  };
  const one: Entry = ['/registry/secrets/a/one', encrypted('aescbc', 'key1')];
  const two: Entry = ['/registry/secrets/a/two', encrypted('aescbc', 'key1')];

  it('matter while a live value carries one', () => {
    expect(live([one, two])).toEqual([{ ...key1, count: 2, sample: '/registry/secrets/a/one' }]);
  });

  it.each([
    ['deleted', 'deleted'],
    ['written anew with another key', encrypted('aescbc', 'key2')],
    ['written anew unencrypted', wrap('Secret', Buffer.alloc(0))],
  ] as const)('matter no more when their values were %s', (_what, value) => {
    expect(live([one, [one[0], value]])).toEqual([]);
    expect(live([one], [[one[0], value]])).toEqual([]);
    expect(live([one, two], [[one[0], value]])).toEqual([{ ...key1, count: 1, sample: '/registry/secrets/a/two' }]);
  });

  it('matter again when a later value carries one', () => {
    expect(live([[one[0], 'deleted']], [one])).toHaveLength(1);
  });

  it('of the same name but another provider or resource are told apart', () => {
    expect(live([[one[0], encrypted('aesgcm', 'key1')]])).toMatchObject([{ provider: 'aesgcm', count: 1 }]);
    expect(live([['/registry/configmaps/a/one', encrypted('aescbc', 'key1')]])).toEqual([]);
  });

  it('all count as live when there were too many to remember', () => {
    expect(liveMissingKeys([key1], { last: new Map(), complete: false })).toEqual([key1]);
  });
});
