import { access, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished, describe, expect, it } from 'vitest';
import { resources, type KubeObject, type NewObject, type Resource } from '../../apiserver/index.ts';
import { silentLog } from '../../base/index.ts';
import { ManualTime } from '../../../test/kit/manual-time.ts';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { createVolumeControllers, type VolumeControllers } from './index.ts';
import { TestApi } from './test-api.ts';

const NAMESPACE = 'openshift-etcd';
const CLAIM = { namespace: NAMESPACE, name: 'etcd-backup-pvc' };

interface Engine {
  readonly api: TestApi;
  readonly time: ManualTime;
  readonly volumes: VolumeControllers;
  readonly root: string;
  stop(): Promise<void>;
}

async function startEngine(before?: Engine): Promise<Engine> {
  const time = before?.time ?? new ManualTime(new Date('2026-11-23T04:20:00Z'));
  const api = before?.api ?? new TestApi(time);
  const root = before?.root ?? join(await temporaryFolder(), 'volumes');
  if (before === undefined) {
    await make(api, resources.namespaces, { metadata: { name: 'kube-system' } });
    const labels = { 'kubernetes.io/hostname': 'master-0' };
    await make(api, resources.nodes, { metadata: { name: 'master-0', labels } });
  }
  const volumes = await createVolumeControllers({
    client: api,
    time,
    log: silentLog,
    folder: root,
    nodeName: 'master-0',
  });
  const ending = new AbortController();
  const running = volumes.run(ending.signal);
  const stop = async (): Promise<void> => {
    ending.abort();
    await running;
  };
  onTestFinished(stop);
  const engine = { api, time, volumes, root, stop };
  await settled(engine, () =>
    expect(api.all(resources.storageClasses).length + (before === undefined ? 0 : 1)).toBeGreaterThan(0),
  );
  return engine;
}

function make<T extends KubeObject>(api: TestApi, resource: Resource<T>, object: object): Promise<T> {
  return api.create(resource, object as NewObject<T>);
}

/** Lets the controllers work, and time go by, until the assertion holds. */
async function settled(engine: Pick<Engine, 'time'>, assertion: () => unknown): Promise<void> {
  let last: unknown;
  for (let turn = 0; turn < 500; turn += 1) {
    try {
      await assertion();
      return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    engine.time.advance(20);
  }
  throw last;
}

/** Lets everything happen that is going to happen. */
async function quiet(engine: Engine): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    engine.time.advance(20);
  }
}

const claimSpec = (more: object = {}): object => ({
  metadata: { ...CLAIM },
  spec: {
    accessModes: ['ReadWriteOnce'],
    volumeMode: 'Filesystem',
    resources: { requests: { storage: '10Gi' } },
    ...more,
  },
});

const localVolume = (path: string, more: object = {}, metadata: object = {}): object => ({
  metadata: { name: 'etcd-backup-pv-fs', ...metadata },
  spec: {
    capacity: { storage: '100Gi' },
    volumeMode: 'Filesystem',
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: 'etcd-backup-local-storage',
    local: { path },
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['master-0'] }] },
        ],
      },
    },
    ...more,
  },
});

async function makeLocalStorage(engine: Engine, options: { mode?: string; volume?: object } = {}): Promise<string> {
  const path = await temporaryFolder();
  await make(engine.api, resources.storageClasses, {
    metadata: { name: 'etcd-backup-local-storage' },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: options.mode ?? 'Immediate',
  });
  await make(engine.api, resources.persistentVolumes, localVolume(path, options.volume));
  return path;
}

const theClaim = (engine: Engine, name = CLAIM.name) =>
  engine.api.all(resources.persistentVolumeClaims).find(({ metadata }) => metadata.name === name);
const theVolume = (engine: Engine) => engine.api.all(resources.persistentVolumes)[0];
const reasons = (engine: Engine): string[] => [
  ...new Set(engine.api.all(resources.events).map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`)),
];
const local = { storageClassName: 'etcd-backup-local-storage' };

async function choose(engine: Engine, node = 'master-0'): Promise<void> {
  const body = { metadata: { annotations: { 'volume.kubernetes.io/selected-node': node } } };
  await engine.api.patch(resources.persistentVolumeClaims, CLAIM, { kind: 'merge', body });
}

function podWith(name: string, nodeName?: string): object {
  return {
    metadata: { namespace: NAMESPACE, name },
    spec: {
      containers: [{ name: 'backup', image: 'holdfast' }],
      volumes: [{ name: 'backups', persistentVolumeClaim: { claimName: CLAIM.name } }],
      ...(nodeName === undefined ? {} : { nodeName }),
    },
  };
}

/** A claim of the default class with its folder. */
async function provisioned(engine: Engine): Promise<string> {
  await make(engine.api, resources.persistentVolumeClaims, claimSpec());
  await choose(engine);
  await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
  return engine.volumes.claimFolder(CLAIM);
}

describe('the default StorageClass', () => {
  it('is there from the start, and waits for the first consumer', async () => {
    const engine = await startEngine();
    expect(engine.api.all(resources.storageClasses)).toMatchObject([
      {
        metadata: { name: 'holdfast-folders', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        provisioner: 'holdfast.io/folder',
        volumeBindingMode: 'WaitForFirstConsumer',
        reclaimPolicy: 'Delete',
      },
    ]);
  });

  it('does not come back after a start once the user has deleted it', async () => {
    const engine = await startEngine();
    await engine.api.delete(resources.storageClasses, { name: 'holdfast-folders' });
    await engine.stop();
    const again = await startEngine(engine);
    await quiet(again);
    expect(again.api.all(resources.storageClasses)).toEqual([]);
  });

  it('goes to a claim that names none, and to one that came before it', async () => {
    const engine = await startEngine();
    await engine.api.delete(resources.storageClasses, { name: 'holdfast-folders' });
    await make(engine.api, resources.persistentVolumeClaims, claimSpec());
    await quiet(engine);
    expect(theClaim(engine)?.spec.storageClassName).toBeUndefined();
    expect(reasons(engine)).toContain(
      'FailedBinding: no persistent volumes available for this claim and no storage class is set',
    );
    await make(engine.api, resources.storageClasses, {
      metadata: { name: 'mine', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'holdfast.io/folder',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await settled(engine, () => expect(theClaim(engine)?.spec.storageClassName).toBe('mine'));
  });

  it('is the newest of two', async () => {
    const engine = await startEngine();
    engine.time.advance(60_000);
    await make(engine.api, resources.storageClasses, {
      metadata: { name: 'newer', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'holdfast.io/folder',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await make(engine.api, resources.persistentVolumeClaims, claimSpec());
    await settled(engine, () => expect(theClaim(engine)?.spec.storageClassName).toBe('newer'));
  });

  it('is not put upon a claim that wants none', async () => {
    const engine = await startEngine();
    await make(engine.api, resources.persistentVolumeClaims, claimSpec({ storageClassName: '' }));
    await quiet(engine);
    expect(theClaim(engine)).toMatchObject({ spec: { storageClassName: '' }, status: { phase: 'Pending' } });
  });
});

describe('a claim of the default class', () => {
  it('stays Pending until a pod mounts it', async () => {
    const engine = await startEngine();
    await make(engine.api, resources.persistentVolumeClaims, claimSpec());
    await quiet(engine);
    expect(theClaim(engine)?.status?.phase).toBe('Pending');
    expect(reasons(engine)).toEqual(['WaitForFirstConsumer: waiting for first consumer to be created before binding']);
    await expect(engine.volumes.claimFolder(CLAIM)).rejects.toMatchObject({
      code: 'STANDALONE_CLAIM_PENDING',
      kind: 'transient',
    });
    await make(engine.api, resources.pods, podWith('backup'));
    await settled(engine, () =>
      expect(reasons(engine)).toContain('WaitForPodScheduled: waiting for pod backup to be scheduled'),
    );
  });

  it('gets a folder for our user alone once its node is chosen, and is bound on both sides', async () => {
    const engine = await startEngine();
    const folder = await provisioned(engine);
    const { uid } = theClaim(engine)?.metadata ?? {};
    expect(folder).toBe(join(engine.root, `pvc-${uid ?? ''}`));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(theClaim(engine)).toMatchObject({
      spec: { volumeName: `pvc-${uid ?? ''}` },
      status: { phase: 'Bound', capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'] },
      metadata: {
        finalizers: ['kubernetes.io/pvc-protection'],
        annotations: {
          'pv.kubernetes.io/bind-completed': 'yes',
          'volume.kubernetes.io/storage-provisioner': 'holdfast.io/folder',
        },
      },
    });
    expect(theVolume(engine)).toMatchObject({
      metadata: {
        name: `pvc-${uid ?? ''}`,
        annotations: { 'pv.kubernetes.io/provisioned-by': 'holdfast.io/folder' },
        finalizers: ['kubernetes.io/pv-protection'],
      },
      spec: {
        capacity: { storage: '10Gi' },
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'holdfast-folders',
        claimRef: { ...CLAIM, uid },
        local: { path: folder },
      },
      status: { phase: 'Bound' },
    });
    expect(reasons(engine)).toContain(`ProvisioningSucceeded: Successfully provisioned volume pvc-${uid ?? ''}`);
  });

  it('loses its folder with it, and nothing before no pod is left', async () => {
    const engine = await startEngine();
    const folder = await provisioned(engine);
    await writeFile(join(folder, 'snapshot.db'), 'bytes');
    await make(engine.api, resources.pods, podWith('backup', 'master-0'));
    await quiet(engine);
    await engine.api.delete(resources.persistentVolumeClaims, CLAIM);
    await quiet(engine);
    expect(theClaim(engine)?.metadata.deletionTimestamp).toBeDefined();
    expect(await readFile(join(folder, 'snapshot.db'), 'utf8')).toBe('bytes');
    await engine.api.delete(resources.pods, { namespace: NAMESPACE, name: 'backup' });
    await settled(engine, () => expect(theVolume(engine)).toBeUndefined());
    expect(theClaim(engine)).toBeUndefined();
    await expect(access(folder)).rejects.toThrow('ENOENT');
  });

  it('keeps its folder where the class says Retain', async () => {
    const engine = await startEngine();
    await make(engine.api, resources.storageClasses, {
      metadata: { name: 'kept' },
      provisioner: 'holdfast.io/folder',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'Immediate',
    });
    await make(engine.api, resources.persistentVolumeClaims, claimSpec({ storageClassName: 'kept' }));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
    const folder = await engine.volumes.claimFolder(CLAIM);
    await engine.api.delete(resources.persistentVolumeClaims, CLAIM);
    await settled(engine, () => expect(theVolume(engine)?.status?.phase).toBe('Released'));
    await access(folder);
  });

  it('is not given a folder for what no folder can be', async () => {
    const engine = await startEngine();
    await make(engine.api, resources.persistentVolumeClaims, claimSpec({ volumeMode: 'Block' }));
    await choose(engine);
    await settled(engine, () =>
      expect(reasons(engine).join()).toContain('ProvisioningFailed: holdfast.io/folder makes folders'),
    );
    expect(theClaim(engine)?.status?.phase).toBe('Pending');
  });

  it('is not given a folder on another node', async () => {
    const engine = await startEngine();
    await make(engine.api, resources.persistentVolumeClaims, claimSpec());
    await choose(engine, 'master-1');
    await settled(engine, () => expect(reasons(engine).join()).toContain('are made on node master-0, not on master-1'));
  });

  it('is bound after any kill in between', async () => {
    for (let writes = 1; writes <= 8; writes += 1) {
      const first = await startEngine();
      await make(first.api, resources.persistentVolumeClaims, claimSpec());
      await settled(first, () => expect(theClaim(first)?.status?.phase).toBe('Pending'));
      let left = writes;
      first.api.onWrite = ({ plural }) => {
        if (plural !== 'events' && plural !== 'persistentvolumeclaims-chosen' && (left -= 1) < 0)
          throw new Error('killed');
      };
      await choose(first);
      await quiet(first);
      await first.stop();
      first.api.onWrite = () => undefined;
      const second = await startEngine(first);
      await settled(second, () => expect(theClaim(second)?.status?.phase).toBe('Bound'));
      await settled(second, () => expect(theVolume(second)?.status?.phase).toBe('Bound'));
      expect(second.api.all(resources.persistentVolumes)).toHaveLength(1);
      await second.volumes.claimFolder(CLAIM);
    }
  });
});

describe('a claim of a class without provisioner', () => {
  it('is bound at once to the smallest volume that fits', async () => {
    const engine = await startEngine();
    const path = await makeLocalStorage(engine);
    await settled(engine, () => expect(theVolume(engine)?.status?.phase).toBe('Available'));
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
    expect(theClaim(engine)?.status?.capacity).toEqual({ storage: '100Gi' });
    expect(theVolume(engine)?.metadata.annotations).toMatchObject({ 'pv.kubernetes.io/bound-by-controller': 'yes' });
    expect(await engine.volumes.claimFolder(CLAIM)).toBe(path);
  });

  it('is bound by a volume that comes later, and says until then what was looked at', async () => {
    const engine = await startEngine();
    await makeLocalStorage(engine, { volume: { capacity: { storage: '1Gi' } } });
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await settled(engine, () =>
      expect(reasons(engine)).toContain(
        'ProvisioningFailed: no volume plugin matched name: kubernetes.io/no-provisioner (etcd-backup-pv-fs: requested PV is too small)',
      ),
    );
    await make(engine.api, resources.persistentVolumes, localVolume('/mnt', {}, { name: 'later' }));
    await settled(engine, () => expect(theClaim(engine)?.spec.volumeName).toBe('later'));
  });

  it('is idle once it is bound', async () => {
    const engine = await startEngine();
    await makeLocalStorage(engine);
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
    await quiet(engine);
    const writes: string[] = [];
    engine.api.onWrite = ({ verb, plural }) => void writes.push(`${verb} ${plural}`);
    await quiet(engine);
    expect(writes).toEqual([]);
    expect(engine.volumes.isIdle).toBe(true);
  });

  it('waits for a pod where the class says so, and then takes a volume of the pod’s node', async () => {
    const engine = await startEngine();
    await makeLocalStorage(engine, { mode: 'WaitForFirstConsumer' });
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await quiet(engine);
    expect(theClaim(engine)?.status?.phase).toBe('Pending');
    await choose(engine);
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
  });

  it('shares no volume with another claim', async () => {
    const engine = await startEngine();
    await makeLocalStorage(engine);
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        make(engine.api, resources.persistentVolumeClaims, {
          ...claimSpec(local),
          metadata: { namespace: NAMESPACE, name },
        }),
      ),
    );
    await settled(engine, () =>
      expect(['a', 'b', 'c'].map((name) => theClaim(engine, name)?.status?.phase).toSorted()).toEqual([
        'Bound',
        'Pending',
        'Pending',
      ]),
    );
  });

  it('may name its volume, and is told why that is not the one', async () => {
    const engine = await startEngine();
    await makeLocalStorage(engine);
    await make(
      engine.api,
      resources.persistentVolumeClaims,
      claimSpec({ volumeName: 'etcd-backup-pv-fs', storageClassName: '' }),
    );
    await settled(engine, () =>
      expect(reasons(engine)).toContain(
        'VolumeMismatch: Cannot bind to requested volume "etcd-backup-pv-fs": storageClassName does not match',
      ),
    );
    await engine.api.delete(resources.persistentVolumeClaims, CLAIM);
    await settled(engine, () => expect(theClaim(engine)).toBeUndefined());
    await make(engine.api, resources.persistentVolumeClaims, claimSpec({ volumeName: 'etcd-backup-pv-fs', ...local }));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
  });

  it('gets the volume that is reserved for it', async () => {
    const engine = await startEngine();
    await makeLocalStorage(engine, { volume: { claimRef: { namespace: NAMESPACE, name: 'somebody-else' } } });
    await make(engine.api, resources.persistentVolumes, localVolume('/mnt', { claimRef: CLAIM }, { name: 'reserved' }));
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
    expect(theClaim(engine)?.spec.volumeName).toBe('reserved');
  });
});

describe('a local volume whose claim is gone', () => {
  async function bound(policy: string): Promise<{ readonly engine: Engine; readonly path: string }> {
    const engine = await startEngine();
    const path = await makeLocalStorage(engine, { volume: { persistentVolumeReclaimPolicy: policy } });
    await writeFile(join(path, 'snapshot.db'), 'bytes');
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
    await engine.api.delete(resources.persistentVolumeClaims, CLAIM);
    await settled(engine, () => expect(theClaim(engine)).toBeUndefined());
    return { engine, path };
  }

  it('is Released by Retain, and goes to no other claim until it is made anew', async () => {
    const { engine, path } = await bound('Retain');
    await settled(engine, () => expect(theVolume(engine)?.status?.phase).toBe('Released'));
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await settled(engine, () => expect(reasons(engine).join()).toContain('etcd-backup-pv-fs: Released'));
    expect(theClaim(engine)?.status?.phase).toBe('Pending');
    await engine.api.delete(resources.persistentVolumes, { name: 'etcd-backup-pv-fs' });
    await settled(engine, () => expect(theVolume(engine)).toBeUndefined());
    await make(engine.api, resources.persistentVolumes, localVolume(path));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
    expect(await readFile(join(path, 'snapshot.db'), 'utf8')).toBe('bytes');
  });

  it('is Failed by Delete, in Kubernetes’ words, and its data stays', async () => {
    const { engine, path } = await bound('Delete');
    const message =
      'error getting deleter volume plugin for volume "etcd-backup-pv-fs": no deletable volume plugin matched';
    await settled(engine, () => expect(theVolume(engine)?.status).toMatchObject({ phase: 'Failed', message }));
    await settled(engine, () => expect(reasons(engine)).toContain(`VolumeFailedDelete: ${message}`));
    expect(await readFile(join(path, 'snapshot.db'), 'utf8')).toBe('bytes');
  });

  it('is free again once the user takes the claim out of it', async () => {
    const { engine } = await bound('Retain');
    await settled(engine, () => expect(theVolume(engine)?.status?.phase).toBe('Released'));
    const body = { spec: { claimRef: null } };
    await engine.api.patch(resources.persistentVolumes, { name: 'etcd-backup-pv-fs' }, { kind: 'merge', body });
    await settled(engine, () => expect(theVolume(engine)?.status?.phase).toBe('Available'));
  });

  it('is never removed though it claims to be a folder of ours', async () => {
    const engine = await startEngine();
    const path = await temporaryFolder();
    await writeFile(join(path, 'precious'), 'data');
    await make(engine.api, resources.persistentVolumes, {
      ...localVolume(path, {
        persistentVolumeReclaimPolicy: 'Delete',
        claimRef: { ...CLAIM, uid: '7ed3ac9c-d599-4e5d-963e-cb44c324b1e1' },
      }),
      metadata: {
        name: 'pvc-7ed3ac9c-d599-4e5d-963e-cb44c324b1e1',
        annotations: { 'pv.kubernetes.io/provisioned-by': 'holdfast.io/folder' },
      },
    });
    await settled(engine, () => expect(theVolume(engine)?.status?.phase).toBe('Failed'));
    expect(await readFile(join(path, 'precious'), 'utf8')).toBe('data');
  });
});

describe('a volume that is deleted', () => {
  it('stays as long as it is bound, and takes its folder along when its claim goes', async () => {
    const engine = await startEngine();
    const folder = await provisioned(engine);
    const name = theVolume(engine)?.metadata.name ?? '';
    await engine.api.delete(resources.persistentVolumes, { name });
    await quiet(engine);
    expect(theVolume(engine)?.metadata.deletionTimestamp).toBeDefined();
    await access(folder);
    await engine.api.delete(resources.persistentVolumeClaims, CLAIM);
    await settled(engine, () => expect(theVolume(engine)).toBeUndefined());
    await expect(access(folder)).rejects.toThrow('ENOENT');
  });

  it('leaves a Lost claim behind where its protection was taken away', async () => {
    const engine = await startEngine();
    await provisioned(engine);
    const name = theVolume(engine)?.metadata.name ?? '';
    await engine.api.delete(resources.persistentVolumes, { name });
    await engine.api.patch(
      resources.persistentVolumes,
      { name },
      { kind: 'merge', body: { metadata: { finalizers: null } } },
    );
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Lost'));
    expect(reasons(engine).join()).toContain('ClaimLost: Bound claim has lost its PersistentVolume');
    await expect(engine.volumes.claimFolder(CLAIM)).rejects.toMatchObject({ code: 'STANDALONE_CLAIM_LOST' });
  });
});

describe('claimFolder', () => {
  it('says which path is missing, and what to do', async () => {
    const engine = await startEngine();
    const path = await makeLocalStorage(engine);
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
    await rm(path, { recursive: true });
    await expect(engine.volumes.claimFolder(CLAIM)).rejects.toMatchObject({
      code: 'STANDALONE_VOLUME_UNUSABLE',
      message: `the path ${path} of the volume etcd-backup-pv-fs does not exist`,
      hint: `Make it, or mount what belongs there: mkdir -p -m 0700 ${path}`,
    });
    expect(reasons(engine).join()).toContain(`FailedMount: the path ${path} of the volume`);
    await writeFile(path, '');
    await expect(engine.volumes.claimFolder(CLAIM)).rejects.toMatchObject({
      message: `the path ${path} of the volume etcd-backup-pv-fs is not a folder`,
    });
    await rm(path);
    await mkdir(path);
    expect(await engine.volumes.claimFolder(CLAIM)).toBe(path);
  });

  it('says whose node affinity names another node', async () => {
    const engine = await startEngine();
    const nodeSelectorTerms = [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['master-1'] }] },
    ];
    await makeLocalStorage(engine, { volume: { nodeAffinity: { required: { nodeSelectorTerms } } } });
    await make(engine.api, resources.persistentVolumeClaims, claimSpec(local));
    await settled(engine, () => expect(theClaim(engine)?.status?.phase).toBe('Bound'));
    await expect(engine.volumes.claimFolder(CLAIM)).rejects.toMatchObject({
      code: 'STANDALONE_VOLUME_ELSEWHERE',
      message:
        'the volume etcd-backup-pv-fs is for the node master-1, and this one is master-0 (volume node affinity conflict)',
    });
  });

  it('says that a claim is missing or on its way out', async () => {
    const engine = await startEngine();
    await expect(engine.volumes.claimFolder(CLAIM)).rejects.toMatchObject({
      code: 'STANDALONE_CLAIM_MISSING',
      message: 'persistentvolumeclaim "etcd-backup-pvc" not found',
    });
  });
});
