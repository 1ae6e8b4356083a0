import { describe, expect, it } from 'vitest';
import { ClusterStorage } from '../../../test/kit/cluster-storage.ts';
import { ManualTime } from '../../../test/kit/manual-time.ts';
import { OperatorTestApi } from '../../../test/kit/operator-cluster.ts';
import { ApiServerError, type PersistentVolumeClaim } from '../../apiserver/index.ts';
import type { Log } from '../../base/index.ts';
import { checkVolume, type UsableVolume } from './check-volume.ts';
import { claimNotFound, whyClaimIsUnfit } from './claim.ts';
import { ClusterReader } from './cluster-reader.ts';
import type { StorageProblem } from './problem.ts';

/** A cluster with three control-plane nodes and a worker. */
class Storage extends ClusterStorage {
  readonly api: OperatorTestApi;
  readonly warnings: string[] = [];
  readonly #reader: ClusterReader;

  private constructor(api: OperatorTestApi) {
    super(api);
    this.api = api;
    const silent = (): void => undefined;
    const log: Log = {
      debug: silent,
      info: silent,
      error: silent,
      warn: (message) => void this.warnings.push(message),
    };
    this.#reader = new ClusterReader(api, log);
  }

  static async start(): Promise<Storage> {
    const storage = new Storage(new OperatorTestApi(new ManualTime(new Date('2026-11-22T15:44:00Z'))));
    for (const name of ['master-0', 'master-1', 'master-2']) await storage.node(name);
    await storage.node('worker-0', { isWorker: true });
    return storage;
  }

  check(claim: PersistentVolumeClaim, more: object = {}): Promise<StorageProblem | UsableVolume> {
    const signal = new AbortController().signal;
    const asked = { claim, onControlPlane: true, nodeSelector: {}, lastBytes: undefined, reader: this.#reader, signal };
    return checkVolume({ ...asked, ...more });
  }

  /** As for an operator that may not read so and so. */
  forbid(...plurals: readonly string[]): void {
    const refuse = (plural: string): void => {
      if (plurals.includes(plural))
        throw new ApiServerError('APISERVER_FORBIDDEN', `${plural} is forbidden`, { hint: 'Allow it.' });
    };
    const { api } = this;
    const [get, list] = [api.get.bind(api), api.list.bind(api)];
    api.get = async (resource, name) => {
      refuse(resource.plural);
      return get(resource, name);
    };
    api.list = async (resource, options) => {
      refuse(resource.plural);
      return list(resource, options);
    };
  }
}

const CSI = { csi: { driver: 'disks.example.com', volumeHandle: 'x' }, accessModes: ['ReadWriteOnce'] };
const ONCE = { accessModes: ['ReadWriteOnce'] };
const LATE = { volumeBindingMode: 'WaitForFirstConsumer' as const };
const STATIC = { provisioner: 'kubernetes.io/no-provisioner' };

describe('A claim by itself', () => {
  const unfit = async (spec: object, status?: PersistentVolumeClaim['status']): Promise<unknown> =>
    whyClaimIsUnfit(await (await Storage.start()).claim('c', { volumeName: 'v', ...spec }, status));

  it('is fit as a rule', async () => {
    for (const accessModes of [['ReadWriteOnce', 'ReadOnlyMany'], ['ReadWriteMany'], ['ReadWriteOncePod']])
      expect(await unfit({ accessModes })).toBeUndefined();
    expect(await unfit({}, { phase: 'Pending' })).toBeUndefined();
  });

  it('that is not there is told of in the words of the reference', () => {
    expect(claimNotFound('c')).toMatchObject({ code: 'OPERATOR_CLAIM_NOT_FOUND', message: 'unable to find PVC [c]' });
  });

  it.each([
    ['has lost its volume', {}, { phase: 'Lost' as const }, 'OPERATOR_CLAIM_LOST'],
    ['is a block device', { volumeMode: 'Block' }, undefined, 'OPERATOR_CLAIM_BLOCK'],
    ['can only be read', { accessModes: ['ReadOnlyMany'] }, undefined, 'OPERATOR_CLAIM_READ_ONLY'],
  ])('is refused for good where it %s', async (_what, spec, status, code) => {
    expect(await unfit(spec, status)).toMatchObject({ code, passes: 'for good' });
  });

  it('is refused for good while it is being deleted', async () => {
    const claim = await (await Storage.start()).claim('c');
    const leaving = { ...claim, metadata: { ...claim.metadata, deletionTimestamp: '2026-11-22T15:44:00Z' } };
    expect(whyClaimIsUnfit(leaving)).toMatchObject({
      code: 'OPERATOR_CLAIM_LEAVING',
      message: 'PVC [c] is being deleted',
      passes: 'for good',
    });
  });
});

describe('A claim without a volume', () => {
  it('that waits for a pod is as it should be', async () => {
    const storage = await Storage.start();
    await storage.storageClass('disks', LATE);
    const claim = await storage.claim('c', { storageClassName: 'disks' });
    expect(await storage.check(claim)).toMatchObject({ nodeName: undefined, isSmall: false });
  });

  it.each([
    [
      'names no class where none is the default',
      undefined,
      'names no storage class, and the cluster has no default one',
    ],
    ['names a class that is not there', 'gone', 'names the storage class gone, which is not there'],
  ])('waits where it %s', async (_what, storageClassName, words) => {
    const storage = await Storage.start();
    await storage.storageClass('disks', LATE);
    const claim = await storage.claim('c', storageClassName === undefined ? {} : { storageClassName });
    expect(await storage.check(claim)).toMatchObject({
      code: 'OPERATOR_STORAGE_CLASS_NOT_FOUND',
      message: `PVC [c] ${words}`,
      passes: 'in a moment',
    });
  });

  it('waits for the default class where there is one', async () => {
    const storage = await Storage.start();
    await storage.storageClass('disks', {}, { 'storageclass.kubernetes.io/is-default-class': 'true' });
    expect(await storage.check(await storage.claim('c'))).toMatchObject({
      code: 'OPERATOR_CLAIM_UNBOUND',
      message: 'PVC [c] waits for the default storage class',
    });
  });

  it('tells what its provisioner said last', async () => {
    const storage = await Storage.start();
    await storage.storageClass('disks');
    const claim = await storage.claim('c', { storageClassName: 'disks' });
    await storage.event(claim, 'ProvisioningFailed', 'quota exceeded', '2026-11-22T15:40:00Z');
    await storage.event(claim, 'ProvisioningFailed', 'no zone left', '2026-11-22T15:43:00Z');
    await storage.event(claim, 'ExternalProvisioning', 'waiting for disks.example.com', '2026-11-22T15:44:00Z');
    expect(await storage.check(claim)).toMatchObject({
      code: 'OPERATOR_CLAIM_UNBOUND',
      message: 'PVC [c] waits for disks.example.com (ProvisioningFailed: no zone left)',
      passes: 'in a moment',
    });
  });

  it.each([
    ['with a class without a provisioner', 'local', 'has no volume: none of class local that is free fits'],
    ['without a class', '', 'asks for a volume without a class, and none that is free fits'],
  ])('waits for a volume that somebody makes, %s', async (_what, storageClassName, words) => {
    const storage = await Storage.start();
    await storage.storageClass('local', STATIC);
    expect(await storage.check(await storage.claim('c', { storageClassName }))).toMatchObject({
      code: 'OPERATOR_CLAIM_UNBOUND',
      message: `PVC [c] ${words}`,
    });
  });

  it('asks for a volume by name that is not there, or is of another claim', async () => {
    const storage = await Storage.start();
    const asked = { volumeName: 'mine', storageClassName: '' };
    const claim = await storage.claim('c', asked, { phase: 'Pending' });
    expect(await storage.check(claim)).toMatchObject({ message: 'PVC [c] asks for volume mine, which is not there' });
    await storage.volume('mine', { claimRef: { namespace: 'shop', name: 'data' } });
    expect(await storage.check(claim)).toMatchObject({
      message: 'PVC [c] asks for volume mine, which is of claim shop/data',
    });
  });

  describe('of a class whose volumes are made by hand and bound late', () => {
    const begin = async (): Promise<{ storage: Storage; claim: PersistentVolumeClaim }> => {
      const storage = await Storage.start();
      await storage.storageClass('local', { ...STATIC, ...LATE });
      return { storage, claim: await storage.claim('c', { storageClassName: 'local' }) };
    };

    it('goes on where one is free', async () => {
      const { storage, claim } = await begin();
      await storage.localVolume('v', ['master-1'], { storageClassName: 'local' });
      expect(await storage.check(claim)).not.toHaveProperty('code');
    });

    it('waits where none is, or none that is on a control-plane node', async () => {
      const { storage, claim } = await begin();
      const taken = { storageClassName: 'local', claimRef: { namespace: 'shop', name: 'data' } };
      await storage.localVolume('taken', ['master-0'], taken);
      await storage.volume('other', { storageClassName: 'shared' });
      expect(await storage.check(claim)).toMatchObject({
        message: 'PVC [c] has no volume: none of class local is free',
      });
      await storage.localVolume('v', ['worker-0'], { storageClassName: 'local' });
      expect(await storage.check(claim)).toMatchObject({
        code: 'OPERATOR_CLAIM_UNBOUND',
        message: 'PVC [c] has no volume: no control-plane node reaches one of class local that is free',
      });
    });
  });
});

describe('A volume that the scheduler has to find a node for', () => {
  const bound = { volumeName: 'v' };

  it('is left to it where any control-plane node will do', async () => {
    const storage = await Storage.start();
    await storage.volume('v');
    expect(await storage.check(await storage.claim('c', bound))).toEqual({
      nodeName: undefined,
      message: 'PVC [c] is bound to volume v',
      isSmall: false,
    });
  });

  it('is left to it where it is on a control-plane node, cordoned or not', async () => {
    const storage = await Storage.start();
    await storage.localVolume('v', ['master-1']);
    expect(await storage.check(await storage.claim('c', bound))).not.toHaveProperty('code');
  });

  it('fails for good where it is on a node that takes no backups', async () => {
    const storage = await Storage.start();
    await storage.localVolume('v', ['worker-0']);
    expect(await storage.check(await storage.claim('c', bound))).toMatchObject({
      code: 'OPERATOR_VOLUME_UNREACHABLE',
      message: expect.stringContaining('volume v of PVC [c] can only be reached from worker-0') as string,
      passes: 'for good',
    });
  });

  it('fails for good where its node lacks a label that the pods ask for', async () => {
    const storage = await Storage.start();
    await storage.localVolume('v', ['master-1']);
    await storage.node('etcd-0', { labels: { 'node-role.kubernetes.io/etcd': 'true' } });
    const nodeSelector = { 'node-role.kubernetes.io/etcd': 'true' };
    expect(await storage.check(await storage.claim('c', bound), { nodeSelector })).toMatchObject({
      code: 'OPERATOR_VOLUME_UNREACHABLE',
      message: expect.stringContaining('master-1, which takes no backups') as string,
    });
  });

  it.each([
    ['is not there', 'master-9', 'OPERATOR_VOLUME_NODE_GONE', 'is on master-9, and there is no such node'],
    ['is not ready', 'master-3', 'OPERATOR_VOLUME_NODE_NOT_READY', 'can be reached from master-3, which is not ready'],
  ])('waits where its node %s', async (_what, host, code, words) => {
    const storage = await Storage.start();
    await storage.node('master-3', { isReady: false });
    await storage.localVolume('v', [host]);
    expect(await storage.check(await storage.claim('c', bound))).toMatchObject({
      ...{ code, message: `volume v of PVC [c] ${words}` },
      passes: 'perhaps soon',
    });
  });

  it('waits where no control-plane node is in its zone', async () => {
    const storage = await Storage.start();
    const matchExpressions = [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['b'] }];
    await storage.volume('v', { ...CSI, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } });
    expect(await storage.check(await storage.claim('c', bound))).toMatchObject({
      code: 'OPERATOR_VOLUME_NODE_GONE',
      message: 'volume v of PVC [c] can be reached from no control-plane node',
    });
  });

  it('is not looked for where backups may run anywhere', async () => {
    const storage = await Storage.start();
    await storage.localVolume('v', ['worker-0']);
    const claim = await storage.claim('c', bound);
    expect(await storage.check(claim, { onControlPlane: false })).not.toHaveProperty('code');
  });
});

describe('A volume for one node at a time', () => {
  const begin = async (
    volume: object,
    ...pod: readonly [string, string] | []
  ): Promise<StorageProblem | UsableVolume> => {
    const storage = await Storage.start();
    await storage.node('master-3', { isReady: false });
    await storage.volume('v', volume);
    const claim = await storage.claim('c', { ...ONCE, volumeName: 'v' });
    const [name, nodeName] = pod;
    if (name !== undefined && nodeName !== undefined) await storage.pod(name, 'c', nodeName);
    return storage.check(claim);
  };

  it('that nobody has may go anywhere', async () => {
    expect(await begin(CSI)).toMatchObject({ nodeName: undefined });
    expect(await begin(CSI, 'waiting', '')).toMatchObject({ nodeName: undefined });
  });

  it('that a pod has on a control-plane node is used there', async () => {
    expect(await begin(CSI, 'viewer', 'master-2')).toMatchObject({ nodeName: 'master-2' });
  });

  it.each([
    ['takes no backups', 'worker-0'],
    ['is not ready', 'master-3'],
  ])('that a pod has on a node that %s is waited for', async (why, nodeName) => {
    expect(await begin(CSI, 'viewer', nodeName)).toMatchObject({
      code: 'OPERATOR_CLAIM_IN_USE',
      message: `PVC [c] is used by pod viewer on ${nodeName}, and is for one node at a time (ReadWriteOnce); that node ${why}`,
      passes: 'perhaps soon',
    });
  });

  it('is no matter where it is never attached: a share is for all, whatever the claim says', async () => {
    expect(await begin(ONCE, 'viewer', 'worker-0')).toMatchObject({ nodeName: undefined });
  });

  it('for one pod alone is waited for, bound or not', async () => {
    const storage = await Storage.start();
    await storage.storageClass('disks', LATE);
    const claim = await storage.claim('c', { accessModes: ['ReadWriteOncePod'], storageClassName: 'disks' });
    expect(await storage.check(claim)).not.toHaveProperty('code');
    await storage.pod('viewer', 'c', '');
    expect(await storage.check(claim)).toMatchObject({
      code: 'OPERATOR_CLAIM_IN_USE',
      message: 'PVC [c] is used by pod viewer, and is for one pod alone (ReadWriteOncePod)',
    });
  });
});

describe('The size of a volume', () => {
  it('is told of where it is less than the last backup took', async () => {
    const storage = await Storage.start();
    await storage.volume('v');
    const claim = await storage.claim('c', { volumeName: 'v' });
    expect(await storage.check(claim, { lastBytes: 10 * 1024 ** 3 })).toMatchObject({ isSmall: false });
    expect(await storage.check(claim, { lastBytes: 12 * 1024 ** 3 })).toMatchObject({
      isSmall: true,
      message: 'PVC [c] has 10Gi, and the last backup took 12.0 GiB',
    });
  });
});

describe('What the operator has no right to see', () => {
  it('is gone without, and told once', async () => {
    const storage = await Storage.start();
    storage.forbid('persistentvolumes', 'nodes', 'storageclasses', 'events', 'pods');
    await storage.localVolume('v', ['worker-0']).catch(() => undefined);
    const claim = await storage.claim('c', { ...ONCE, volumeName: 'v' });
    const pending = await storage.claim('d', { storageClassName: 'gone' });
    for (let round = 0; round < 2; round += 1) {
      expect(await storage.check(claim)).toMatchObject({ nodeName: undefined });
      expect(await storage.check(pending)).not.toHaveProperty('code');
    }
    expect(storage.warnings).toHaveLength(3);
    expect(storage.warnings[0]).toContain('nodes is forbidden');
  });
});
