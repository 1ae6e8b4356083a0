import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { created, kindNamed, problems } from '../test-objects.ts';

const NOW = new Date('2026-11-23T10:00:51Z');
const volumeKind = kindNamed('PersistentVolume');
const claimKind = kindNamed('PersistentVolumeClaim');
const classKind = kindNamed('StorageClass');

const nodeAffinity = (values: string[]): JsonObject => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] }] },
});
const local: JsonObject = {
  capacity: { storage: '100Gi' },
  accessModes: ['ReadWriteOnce'],
  local: { path: '/mnt' },
  nodeAffinity: nodeAffinity(['host1']),
  storageClassName: 'etcd-backup-local-storage',
};
const volume = (spec: JsonObject): JsonObject => created(volumeKind, { spec });

describe('a persistent volume', () => {
  it('stays when its claim goes, holds a file system and is pending, unless it is told otherwise', () => {
    expect(volume(local)).toMatchObject({
      spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' },
      status: { phase: 'Pending', lastPhaseTransitionTime: '2026-11-23T10:00:00Z' },
    });
    expect(problems(volumeKind, volume(local))).toEqual([]);
  });

  // The sentences are kube-apiserver's.
  it.each<[JsonObject, readonly string[]]>([
    [
      {},
      [
        'spec.accessModes: Required value',
        'spec.capacity: Required value',
        'spec.capacity: Unsupported value: null: supported values: "storage"',
        'spec: Required value: must specify a volume type',
      ],
    ],
    [
      { ...local, nodeAffinity: {} },
      ['spec.nodeAffinity.required: Required value: must specify required node constraints'],
    ],
    [
      { ...local, nodeAffinity: { required: { nodeSelectorTerms: [] } } },
      ['spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term'],
    ],
    [
      { ...local, capacity: { storage: '0' } },
      ['spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
    ],
    [{ ...local, local: { path: '../x' } }, ['spec.local.path: Invalid value: "../x": must not contain \'..\'']],
    [{ ...local, hostPath: { path: '/x' } }, ['spec.local: Forbidden: may not specify more than 1 volume type']],
    [
      { ...local, accessModes: ['X'] },
      [
        'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
    ],
    [
      { ...local, accessModes: ['ReadWriteOnce', 'ReadWriteOncePod'] },
      ['spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes'],
    ],
    [
      { ...local, persistentVolumeReclaimPolicy: 'R', volumeMode: 'Q' },
      [
        'spec.persistentVolumeReclaimPolicy: Unsupported value: "R": supported values: "Delete", "Recycle", "Retain"',
        'spec.volumeMode: Unsupported value: "Q": supported values: "Block", "Filesystem"',
      ],
    ],
  ])('is refused as %j', (spec, expected) => {
    expect(problems(volumeKind, volume(spec))).toEqual(expected);
  });

  it('that is local says on which node', () => {
    const { capacity, accessModes } = local;
    const anywhere = { capacity: capacity ?? null, accessModes: accessModes ?? null, local: { path: '/mnt' } };
    expect(problems(volumeKind, volume(anywhere))).toEqual([
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ]);
  });

  it('keeps its data where it lies', () => {
    const old = volume(local);
    expect(problems(volumeKind, volume({ ...local, local: { path: '/y' }, volumeMode: 'Block' }), old)).toEqual([
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
      'volumeMode: Invalid value: "Block": field is immutable',
    ]);
    expect(problems(volumeKind, volume({ ...local, nodeAffinity: nodeAffinity(['y']) }), old)).toHaveLength(1);
    const bound = { ...local, capacity: { storage: '5Gi' }, claimRef: { name: 'c', namespace: 'n' } };
    expect(problems(volumeKind, volume(bound), old)).toEqual([]);
  });

  it('is shown as kubectl shows it', () => {
    const bound = volume({
      ...local,
      accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
      claimRef: { namespace: 'n', name: 'c' },
    });
    expect(volumeKind.row(bound, NOW)).toEqual([
      'a',
      '100Gi',
      'RWO,RWX',
      'Retain',
      'Pending',
      'n/c',
      'etcd-backup-local-storage',
      '<unset>',
      '',
      '51s',
      'Filesystem',
    ]);
  });
});

describe('a claim', () => {
  const spec: JsonObject = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } };
  const claim = (fields: JsonObject, status?: JsonObject): JsonObject => {
    const object = created(claimKind, { spec: fields });
    return status === undefined ? object : { ...object, status };
  };

  it('is pending, and says how and how much', () => {
    expect(claim(spec)).toMatchObject({ status: { phase: 'Pending' }, spec: { volumeMode: 'Filesystem' } });
    expect(problems(claimKind, claim(spec))).toEqual([]);
    expect(problems(claimKind, claim({}))).toEqual([
      'spec.accessModes: Required value: at least 1 access mode is required',
      'spec.resources[storage]: Required value',
    ]);
  });

  const IMMUTABLE =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
  const larger: JsonObject = { ...spec, resources: { requests: { storage: '3Gi' } } };

  it('does not change, but for what a binder does', () => {
    const old = claim(spec);
    expect(problems(claimKind, claim({ ...spec, accessModes: ['ReadWriteMany'] }), old)).toEqual([IMMUTABLE]);
    expect(problems(claimKind, claim(larger), old)).toEqual([IMMUTABLE]);
    expect(problems(claimKind, claim({ ...spec, volumeName: 'v', storageClassName: 's' }), old)).toEqual([]);
  });

  it('can grow once it is bound, and never shrink below what it has', () => {
    const bound = { phase: 'Bound', capacity: { storage: '2Gi' } };
    const old = claim({ ...spec, volumeName: 'v' }, bound);
    expect(problems(claimKind, claim({ ...larger, volumeName: 'v' }, bound), old)).toEqual([]);
    const smaller = { ...spec, volumeName: 'v', resources: { requests: { storage: '1Gi' } } };
    expect(problems(claimKind, claim(smaller, bound), old)).toEqual([
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ]);
    expect(problems(claimKind, claim({ ...spec, volumeName: 'w' }, bound), old)).toEqual([IMMUTABLE]);
  });

  it('shows the volume that it is bound to, and nothing of one before', () => {
    expect(claimKind.row(claim(spec), NOW)).toEqual(['a', 'Pending', '', '', '', '', '<unset>', '51s', 'Filesystem']);
    const bound = { phase: 'Bound', capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'] };
    expect(claimKind.row(claim({ ...spec, volumeName: 'v', storageClassName: 's' }, bound), NOW)).toEqual([
      'a',
      'Bound',
      'v',
      '10Gi',
      'RWO',
      's',
      '<unset>',
      '51s',
      'Filesystem',
    ]);
  });
});

describe('a storage class', () => {
  const storageClass = (fields: JsonObject): JsonObject => created(classKind, fields);

  it('deletes and binds at once, unless it is told otherwise', () => {
    const object = storageClass({ provisioner: 'kubernetes.io/no-provisioner' });
    expect(object).toMatchObject({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
    expect(problems(classKind, object)).toEqual([]);
  });

  it('is refused with values that nobody knows', () => {
    expect(problems(classKind, storageClass({}))).toEqual(['provisioner: Required value']);
    expect(problems(classKind, storageClass({ provisioner: 'p', reclaimPolicy: 'X', volumeBindingMode: 'Y' }))).toEqual(
      [
        'volumeBindingMode: Unsupported value: "Y": supported values: "Immediate", "WaitForFirstConsumer"',
        'reclaimPolicy: Unsupported value: "X": supported values: "Delete", "Retain"',
      ],
    );
  });

  it('does not change', () => {
    const changed = storageClass({
      provisioner: 'q',
      parameters: { a: 'b' },
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    expect(problems(classKind, changed, storageClass({ provisioner: 'p' }))).toEqual([
      'parameters: Invalid value: {"a":"b"}: field is immutable',
      'provisioner: Invalid value: "q": field is immutable',
      'reclaimPolicy: Invalid value: "Retain": field is immutable',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ]);
  });

  it('is marked in the table where it is the default one', () => {
    const marked = storageClass({ provisioner: 'p', allowVolumeExpansion: true });
    const metadata = { name: 'a', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };
    expect(classKind.row({ ...marked, metadata }, NOW)).toEqual([
      'a (default)',
      'p',
      'Delete',
      'Immediate',
      true,
      '<unknown>',
    ]);
  });
});
