import { describe, expect, it } from 'vitest';
import {
  fitsNode,
  objects,
  wantedHosts,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../apiserver/index.ts';
import { findVolume, misfit } from './match.ts';
import { unfitVolumes } from './unfit-volumes.ts';

type VolumeSpec = Partial<PersistentVolume['spec']>;

function volume(name: string, size: string, spec: VolumeSpec = {}, metadata: object = {}): PersistentVolume {
  return objects.persistentVolume.parse({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, ...metadata },
    spec: {
      capacity: { storage: size },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      local: { path: '/mnt' },
      ...spec,
    },
    status: { phase: 'Available' },
  });
}

function claim(spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim {
  return objects.persistentVolumeClaim.parse({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'etcd-backup-pvc', namespace: 'openshift-etcd', uid: 'claim-uid' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      resources: { requests: { storage: '10Gi' } },
      ...spec,
    },
  });
}

const affinityTo = (...hosts: string[]): NonNullable<PersistentVolume['spec']['nodeAffinity']> => ({
  required: {
    nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: hosts }] }],
  },
});
const node: Node = objects.node.parse({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'master-0', labels: { 'kubernetes.io/hostname': 'master-0', zone: '7' } },
});
const atOnce = { node: undefined, isDelayed: false };
const nameOf = (found: PersistentVolume | undefined): string | undefined => found?.metadata.name;

describe('findVolume', () => {
  it('takes the smallest volume that is large enough, whatever its unit', () => {
    const all = [
      volume('large', '100Gi'),
      volume('small', '10G'),
      volume('right', '11G'),
      volume('also-right', '11000M'),
    ];
    expect(nameOf(findVolume(claim(), all, atOnce))).toBe('also-right');
  });

  it('takes a volume of exactly the size that is asked for', () => {
    expect(nameOf(findVolume(claim(), [volume('exact', '10737418240')], atOnce))).toBe('exact');
    expect(findVolume(claim(), [volume('a-byte-short', '10737418239')], atOnce)).toBeUndefined();
  });

  it.each([
    ['of another class', volume('v', '10Gi', { storageClassName: 'other' }), claim()],
    ['of no class', volume('v', '10Gi', { storageClassName: undefined }), claim()],
    ['that lacks an access mode', volume('v', '10Gi'), claim({ accessModes: ['ReadWriteOnce', 'ReadWriteMany'] })],
    ['of another mode', volume('v', '10Gi', { volumeMode: 'Block' }), claim()],
    ['that is being deleted', volume('v', '10Gi', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), claim()],
    ['reserved for another', volume('v', '10Gi', { claimRef: { namespace: 'openshift-etcd', name: 'x' } }), claim()],
    [
      'whose claim of the same name is gone',
      volume('v', '10Gi', { claimRef: { namespace: 'openshift-etcd', name: 'etcd-backup-pvc', uid: 'older' } }),
      claim(),
    ],
    ['whose labels are not selected', volume('v', '10Gi'), claim({ selector: { matchLabels: { disk: 'ssd' } } })],
  ])('does not take a volume %s', (_, candidate, wanting) => {
    expect(findVolume(wanting, [candidate], atOnce)).toBeUndefined();
  });

  it('does not take a volume that is not available yet, or no longer', () => {
    const released = { ...volume('v', '10Gi'), status: { phase: 'Released' as const } };
    const unseen = { ...volume('v', '10Gi'), status: undefined };
    expect(findVolume(claim(), [released, unseen], atOnce)).toBeUndefined();
  });

  it('selects by expressions as well as by labels', () => {
    const all = [
      volume('hdd', '10Gi', {}, { labels: { disk: 'hdd' } }),
      volume('ssd', '20Gi', {}, { labels: { disk: 'ssd' } }),
    ];
    const selector = { matchExpressions: [{ key: 'disk', operator: 'NotIn', values: ['hdd'] }] };
    expect(nameOf(findVolume(claim({ selector }), all, atOnce))).toBe('ssd');
  });

  it('takes nothing by an operator that it does not know', () => {
    const selector = { matchExpressions: [{ key: 'disk', operator: 'Near' }] };
    expect(findVolume(claim({ selector }), [volume('v', '10Gi')], atOnce)).toBeUndefined();
  });

  it('prefers the volume that is reserved for the claim to a smaller one, and asks for no class then', () => {
    const claimRef = { namespace: 'openshift-etcd', name: 'etcd-backup-pvc' };
    const all = [volume('small', '10Gi'), volume('reserved', '100Gi', { claimRef, storageClassName: 'other' })];
    expect(nameOf(findVolume(claim(), all, atOnce))).toBe('reserved');
  });

  it('gives a claim without a class the volumes without a class', () => {
    const all = [volume('with', '10Gi'), volume('without', '20Gi', { storageClassName: undefined })];
    expect(nameOf(findVolume(claim({ storageClassName: undefined }), all, atOnce))).toBe('without');
    expect(nameOf(findVolume(claim({ storageClassName: '' }), all, atOnce))).toBe('without');
  });

  it('waits for a node where the class waits for a pod', () => {
    const all = [
      volume('elsewhere', '10Gi', { nodeAffinity: affinityTo('master-1') }),
      volume('here', '20Gi', { nodeAffinity: affinityTo('master-0') }),
    ];
    expect(findVolume(claim(), all, { node: undefined, isDelayed: true })).toBeUndefined();
    expect(nameOf(findVolume(claim(), all, { node, isDelayed: true }))).toBe('here');
  });

  it('binds at once without asking for a node, as Kubernetes does', () => {
    const elsewhere = volume('elsewhere', '10Gi', { nodeAffinity: affinityTo('master-1') });
    expect(nameOf(findVolume(claim(), [elsewhere], atOnce))).toBe('elsewhere');
  });
});

describe('misfit', () => {
  it.each([
    ['requested PV is too small', volume('v', '1Gi')],
    ['storageClassName does not match', volume('v', '10Gi', { storageClassName: 'x' })],
    ['incompatible volumeMode', volume('v', '10Gi', { volumeMode: 'Block' })],
    ['incompatible accessMode', volume('v', '10Gi', { accessModes: ['ReadOnlyMany'] })],
    [undefined, volume('v', '10Gi')],
  ])('says %j', (reason, candidate) => {
    expect(misfit(candidate, claim())).toBe(reason);
  });
});

describe('fitsNode', () => {
  const term = (...matchExpressions: { key: string; operator: string; values?: string[] }[]): PersistentVolume =>
    volume('v', '1Gi', { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } });

  it.each([
    [true, { key: 'zone', operator: 'Exists' }],
    [false, { key: 'zone', operator: 'DoesNotExist' }],
    [true, { key: 'zone', operator: 'Gt', values: ['6'] }],
    [false, { key: 'zone', operator: 'Lt', values: ['7'] }],
    [false, { key: 'zone', operator: 'Lt', values: ['seven'] }],
    [true, { key: 'other', operator: 'NotIn', values: ['x'] }],
    [false, { key: 'other', operator: 'In', values: ['x'] }],
    [false, { key: 'zone', operator: 'Resembles', values: ['7'] }],
  ])('is %s for %j', (fits, expression) => {
    expect(fitsNode(term(expression), node)).toBe(fits);
  });

  it('holds where there is no affinity, and where one of the terms does', () => {
    expect(fitsNode(volume('v', '1Gi'), node)).toBe(true);
    const terms = [
      ...(affinityTo('x').required?.nodeSelectorTerms ?? []),
      ...(affinityTo('master-0').required?.nodeSelectorTerms ?? []),
    ];
    expect(fitsNode(volume('v', '1Gi', { nodeAffinity: { required: { nodeSelectorTerms: terms } } }), node)).toBe(true);
  });

  it('does not hold for a term that asks for nothing', () => {
    expect(fitsNode(term(), node)).toBe(false);
  });

  it('asks for the name by matchFields', () => {
    const byName = (name: string): PersistentVolume => {
      const matchFields = [{ key: 'metadata.name', operator: 'In', values: [name] }];
      return volume('v', '1Gi', { nodeAffinity: { required: { nodeSelectorTerms: [{ matchFields }] } } });
    };
    expect(fitsNode(byName('master-0'), node)).toBe(true);
    expect(fitsNode(byName('master-1'), node)).toBe(false);
  });

  it('names the hosts that are asked for', () => {
    expect(wantedHosts(volume('v', '1Gi', { nodeAffinity: affinityTo('a', 'b') }))).toEqual(['a', 'b']);
  });
});

describe('unfitVolumes', () => {
  it('says of each volume of the class why it is not the one', () => {
    const taken = volume('taken', '10Gi', { claimRef: { namespace: 'openshift-etcd', name: 'old', uid: 'x' } });
    const all = [
      { ...taken, status: { phase: 'Released' as const } },
      volume('tiny', '1Mi'),
      volume('elsewhere', '10Gi', { nodeAffinity: affinityTo('master-1') }),
      volume('of-another-class', '10Gi', { storageClassName: 'x' }),
    ];
    expect(unfitVolumes(claim(), all, node)).toBe(
      'taken: Released, of claim openshift-etcd/old; tiny: requested PV is too small; elsewhere: its node affinity excludes node master-0',
    );
  });

  it('says that there is none, and does not list without end', () => {
    expect(unfitVolumes(claim(), [], node)).toBe('there is no PersistentVolume of class local');
    const many = Array.from({ length: 8 }, (_, index) => volume(`v${index}`, '1Mi'));
    expect(unfitVolumes(claim(), many, node)).toMatch(/; and 3 more$/);
  });
});
