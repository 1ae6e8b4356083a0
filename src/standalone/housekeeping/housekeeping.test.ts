import { describe, expect, it, onTestFinished } from 'vitest';
import { objects, resources, type KubeObject, type NewObject, type Resource } from '../../apiserver/index.ts';
import { silentLog } from '../../base/index.ts';
import { backups, clusterVersions, featureGates } from '../../crd/index.ts';
import { ManualTime } from '../../../test/kit/manual-time.ts';
import { TestApi } from '../volumes/test-api.ts';
import { createHousekeeping, readMachine, type Housekeeping } from './index.ts';

interface House {
  readonly api: TestApi;
  readonly time: ManualTime;
  readonly housekeeping: Housekeeping;
  /** What went into the log. */
  readonly said: readonly string[];
  stop(): Promise<void>;
}

interface HouseOptions {
  readonly enableBackups?: boolean;
  readonly openshiftVersion?: string;
  readonly nodeName?: string;
  readonly before?: House;
}

async function startHouse({
  enableBackups = false,
  openshiftVersion,
  nodeName,
  before,
}: HouseOptions = {}): Promise<House> {
  const time = before?.time ?? new ManualTime(new Date('2026-11-23T04:20:00Z'));
  const api = before?.api ?? new TestApi(time);
  const said: string[] = [];
  const housekeeping = createHousekeeping({
    client: api,
    transport: api.transport,
    time,
    log: { ...silentLog, info: (message) => void said.push(message) },
    machine: { ...readMachine(nodeName ?? 'master-0'), addresses: ['192.0.2.7'] },
    kubernetesVersion: 'v1.33.0',
    holdfastVersion: '1.2.3',
    openshiftVersion,
    enableBackups,
  });
  await housekeeping.prepare();
  const ending = new AbortController();
  const running = housekeeping.run(ending.signal);
  const stop = async (): Promise<void> => {
    ending.abort();
    await running;
  };
  onTestFinished(stop);
  const house = { api, time, housekeeping, said, stop };
  await settled(house, () => expect(housekeeping.isIdle).toBe(true));
  return house;
}

async function settled({ time }: Pick<House, 'time'>, assertion: () => unknown): Promise<void> {
  let last: unknown;
  for (let turn = 0; turn < 300; turn += 1) {
    try {
      await assertion();
      return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    time.advance(20);
  }
  throw last;
}

async function quiet(house: House): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    house.time.advance(20);
  }
}

function make<T extends KubeObject>(house: House, resource: Resource<T>, object: object): Promise<T> {
  return house.api.create(resource, object as NewObject<T>);
}

const NAMESPACE = 'openshift-etcd';
const names = (house: House, resource: Resource): string[] =>
  house.api.all(resource).map(({ metadata }) => metadata.name);
const owner = (object: KubeObject, more: object = {}): object => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  name: object.metadata.name,
  uid: object.metadata.uid,
  ...more,
});
const template = { containers: [{ name: 'c', image: 'holdfast' }], restartPolicy: 'Never' };
const cronJob = (house: House, name = 'nightly') =>
  make(house, resources.cronJobs, {
    metadata: { namespace: NAMESPACE, name },
    spec: { schedule: '20 4 * * *', jobTemplate: { spec: { template: { spec: template } } } },
  });
const job = (house: House, name: string, ownerReferences: object[] = [], metadata: object = {}) =>
  make(house, resources.jobs, {
    metadata: { namespace: NAMESPACE, name, ownerReferences, ...metadata },
    spec: { template: { spec: template } },
  });
const pod = (house: House, name: string, ownerReferences: object[] = [], metadata: object = {}) =>
  make(house, resources.pods, {
    metadata: { namespace: NAMESPACE, name, ownerReferences, ...metadata },
    spec: template,
  });

describe('what stands from the start', () => {
  it('is namespaces, and this machine as a control-plane node', async () => {
    const house = await startHouse();
    expect(names(house, resources.namespaces)).toEqual(['default', 'kube-system', 'kube-public', 'openshift-etcd']);
    expect(house.api.all(resources.nodes)).toMatchObject([
      {
        metadata: {
          name: 'master-0',
          labels: {
            'kubernetes.io/hostname': 'master-0',
            'kubernetes.io/os': process.platform,
            'node-role.kubernetes.io/control-plane': '',
            'node-role.kubernetes.io/master': '',
          },
        },
        status: {
          addresses: [{ type: 'InternalIP', address: '192.0.2.7' }, { type: 'Hostname' }],
          conditions: [{ type: 'Ready', status: 'True' }],
          nodeInfo: { kubeletVersion: 'v1.33.0' },
        },
      },
    ]);
  });

  it('is the same after a second start, but for what the machine says anew', async () => {
    const house = await startHouse();
    const before = house.api.all(resources.namespaces);
    await house.stop();
    const again = await startHouse({ before: house, nodeName: 'renamed' });
    expect(again.api.all(resources.namespaces)).toEqual(before);
    expect(names(again, resources.nodes)).toEqual(['renamed']);
  });

  it('leaves labels alone that a user gave the node, and makes a deleted node again', async () => {
    const house = await startHouse();
    const body = { metadata: { labels: { disk: 'ssd', 'kubernetes.io/arch': null } } };
    await house.api.patch(resources.nodes, { name: 'master-0' }, { kind: 'merge', body });
    await house.stop();
    const again = await startHouse({ before: house });
    expect(again.api.all(resources.nodes)[0]?.metadata.labels).toMatchObject({
      disk: 'ssd',
      'kubernetes.io/arch': expect.any(String) as string,
    });
    await again.api.delete(resources.nodes, { name: 'master-0' });
    await settled(again, () => expect(names(again, resources.nodes)).toEqual(['master-0']));
  });

  it('is a ClusterVersion only where a release is given, with its history', async () => {
    const none = await startHouse();
    expect(none.api.all(clusterVersions)).toEqual([]);
    const house = await startHouse({ openshiftVersion: '4.17.3' });
    await house.stop();
    const again = await startHouse({ before: house, openshiftVersion: '4.17.9' });
    expect(again.api.all(clusterVersions)).toMatchObject([
      {
        metadata: { name: 'version' },
        status: {
          desired: { version: '4.17.9' },
          history: [
            { version: '4.17.9', state: 'Completed' },
            { version: '4.17.3', state: 'Completed' },
          ],
        },
      },
    ]);
  });
});

describe('the FeatureGate', () => {
  const set = (house: House, spec: object) =>
    house.api.patch(featureGates, { name: 'cluster' }, { kind: 'merge', body: { spec } });
  const definitions = (house: House): string[] => names(house, resources.customResourceDefinitions).toSorted();
  const BOTH = ['backups.config.openshift.io', 'etcdbackups.operator.openshift.io'];

  it('stands empty at first, and there are no kinds of backups', async () => {
    const house = await startHouse({ openshiftVersion: '4.17.3' });
    expect(definitions(house)).toEqual([]);
    expect(house.api.all(featureGates)).toMatchObject([
      {
        metadata: { name: 'cluster' },
        spec: {},
        status: { featureGates: [{ version: '4.17.3', enabled: [], disabled: [{ name: 'AutomatedEtcdBackup' }] }] },
      },
    ]);
  });

  it.each([
    { featureSet: 'TechPreviewNoUpgrade' },
    { featureSet: 'DevPreviewNoUpgrade' },
    { featureSet: 'CustomNoUpgrade', customNoUpgrade: { enabled: ['AutomatedEtcdBackup'] } },
  ])('makes the kinds of backups appear by %j', async (spec) => {
    const house = await startHouse();
    await set(house, spec);
    await settled(house, () => expect(definitions(house)).toEqual(BOTH));
    await settled(house, () =>
      expect(house.api.all(featureGates)[0]?.status?.featureGates).toEqual([
        { version: '1.2.3', enabled: [{ name: 'AutomatedEtcdBackup' }], disabled: [] },
      ]),
    );
  });

  it.each([
    { featureSet: 'OKD' },
    { featureSet: 'CustomNoUpgrade', customNoUpgrade: { enabled: ['Other'] } },
    {
      featureSet: 'CustomNoUpgrade',
      customNoUpgrade: { enabled: ['AutomatedEtcdBackup'], disabled: ['AutomatedEtcdBackup'] },
    },
    { customNoUpgrade: { enabled: ['AutomatedEtcdBackup'] } },
  ])('does not by %j', async (spec) => {
    const house = await startHouse();
    await set(house, spec);
    await quiet(house);
    expect(definitions(house)).toEqual([]);
  });

  it('is told of in the log, once, while nothing enables backups', async () => {
    const house = await startHouse();
    await set(house, { featureSet: 'OKD' });
    await quiet(house);
    expect(house.said.filter((each) => each.includes('TechPreviewNoUpgrade'))).toHaveLength(1);
  });

  it('is not needed where backups are enabled from the start', async () => {
    const house = await startHouse({ enableBackups: true });
    expect(house.said.join()).not.toContain('TechPreviewNoUpgrade');
    expect(definitions(house)).toEqual(BOTH);
    expect(house.api.all(featureGates)[0]?.spec).toEqual({});
  });

  it('brings a definition back that was deleted, and comes back itself as it was', async () => {
    const house = await startHouse();
    await set(house, { featureSet: 'TechPreviewNoUpgrade' });
    await settled(house, () => expect(definitions(house)).toEqual(BOTH));
    await house.api.delete(resources.customResourceDefinitions, { name: 'backups.config.openshift.io' });
    await settled(house, () => expect(definitions(house)).toEqual(BOTH));
    await house.api.delete(featureGates, { name: 'cluster' });
    await settled(house, () => expect(house.api.all(featureGates)[0]?.spec?.featureSet).toBe('TechPreviewNoUpgrade'));
  });

  it('never takes the kinds away, because every Backup would go too', async () => {
    const house = await startHouse({ enableBackups: true });
    await house.stop();
    const again = await startHouse({ before: house });
    await quiet(again);
    expect(definitions(again)).toEqual(BOTH);
  });

  it('brings a newer definition, and leaves its own alone', async () => {
    const house = await startHouse({ enableBackups: true });
    await house.stop();
    const name = 'backups.config.openshift.io';
    const body = {
      metadata: { annotations: { 'holdfast.io/definition-digest': 'older' } },
      spec: { names: { shortNames: ['former'] } },
    };
    await house.api.patch(resources.customResourceDefinitions, { name }, { kind: 'merge', body });
    const writes: string[] = [];
    house.api.onWrite = ({ plural, name: written }) => void writes.push(`${plural}/${written}`);
    const again = await startHouse({ before: house, enableBackups: true });
    const definition = again.api
      .all(resources.customResourceDefinitions)
      .find(({ metadata }) => metadata.name === name);
    expect(definition?.spec.names.shortNames ?? []).not.toContain('former');
    expect(writes.filter((each) => each.startsWith('customresource'))).toEqual([`customresourcedefinitions/${name}`]);
  });
});

describe('the garbage collector', () => {
  it('deletes what its owner has left behind, down to the last', async () => {
    const house = await startHouse();
    const nightly = await cronJob(house);
    const run = await job(house, 'nightly-1', [owner(nightly)]);
    await pod(house, 'nightly-1-x', [owner(run)]);
    await pod(house, 'stranger');
    await quiet(house);
    expect(names(house, resources.pods)).toEqual(['nightly-1-x', 'stranger']);
    await house.api.delete(resources.cronJobs, nightly.metadata);
    await settled(house, () => expect(names(house, resources.pods)).toEqual(['stranger']));
    expect(names(house, resources.jobs)).toEqual([]);
  });

  it('deletes what names an owner that has another uid by now, and what was left behind while it was away', async () => {
    const house = await startHouse();
    const nightly = await cronJob(house);
    await house.stop();
    await job(house, 'of-the-former', [owner(nightly, { uid: 'former' })]);
    await job(house, 'of-nobody', [owner(nightly, { name: 'gone' })]);
    await job(house, 'of-this-one', [owner(nightly)]);
    const again = await startHouse({ before: house });
    await settled(again, () => expect(names(again, resources.jobs)).toEqual(['of-this-one']));
  });

  it('keeps what one owner still has, and drops the reference to the other', async () => {
    const house = await startHouse();
    const [first, second] = [await cronJob(house, 'first'), await cronJob(house, 'second')];
    await job(house, 'shared', [owner(first), owner(second)]);
    await house.api.delete(resources.cronJobs, first.metadata);
    await settled(house, () =>
      expect(house.api.all(resources.jobs)[0]?.metadata.ownerReferences).toMatchObject([{ name: 'second' }]),
    );
  });

  it('lets an owner that is deleted in the foreground go after the dependents that block it', async () => {
    const house = await startHouse();
    const nightly = await cronJob(house);
    await job(house, 'blocking', [owner(nightly, { blockOwnerDeletion: true })], { finalizers: ['test/hold'] });
    await job(house, 'other', [owner(nightly)]);
    await house.api.delete(resources.cronJobs, nightly.metadata, { propagation: 'Foreground' });
    await settled(house, () => expect(names(house, resources.jobs)).toEqual(['blocking']));
    await quiet(house);
    expect(names(house, resources.cronJobs)).toEqual(['nightly']);
    const blocking = { namespace: NAMESPACE, name: 'blocking' };
    await house.api.patch(resources.jobs, blocking, { kind: 'merge', body: { metadata: { finalizers: null } } });
    await settled(house, () => expect(names(house, resources.cronJobs)).toEqual([]));
  });

  it('goes down through blocking dependents of dependents', async () => {
    const house = await startHouse();
    const nightly = await cronJob(house);
    const run = await job(house, 'run', [owner(nightly, { blockOwnerDeletion: true })]);
    await pod(house, 'run-x', [owner(run, { blockOwnerDeletion: true })]);
    await quiet(house);
    await house.api.delete(resources.cronJobs, nightly.metadata, { propagation: 'Foreground' });
    await settled(house, () => expect(names(house, resources.cronJobs)).toEqual([]));
    expect([...names(house, resources.jobs), ...names(house, resources.pods)]).toEqual([]);
  });

  it('ends a circle', async () => {
    const house = await startHouse();
    const [a, b] = [await job(house, 'a'), await job(house, 'b')];
    for (const [of, by] of [
      [a, b],
      [b, a],
    ] as const) {
      const body = { metadata: { ownerReferences: [owner(by, { blockOwnerDeletion: true })] } };
      await house.api.patch(resources.jobs, of.metadata, { kind: 'merge', body });
    }
    await quiet(house);
    await house.api.delete(resources.jobs, a.metadata, { propagation: 'Foreground' });
    await settled(house, () => expect(names(house, resources.jobs)).toEqual([]));
  });

  it('lets dependents be orphans where that is asked for', async () => {
    const house = await startHouse();
    const nightly = await cronJob(house);
    await job(house, 'kept', [owner(nightly)]);
    await quiet(house);
    await house.api.delete(resources.cronJobs, nightly.metadata, { propagation: 'Orphan' });
    await settled(house, () => expect(names(house, resources.cronJobs)).toEqual([]));
    expect(house.api.all(resources.jobs)[0]?.metadata.ownerReferences ?? []).toEqual([]);
  });

  it('deletes objects of a namespace whose owner is of the cluster', async () => {
    const house = await startHouse({ enableBackups: true });
    await establish(house);
    const series = await make(house, backups, { metadata: { name: 'series' }, spec: { etcd: {} } });
    await make(house, resources.cronJobs, {
      metadata: { namespace: NAMESPACE, name: 'series', ownerReferences: [owner(series)] },
      spec: { schedule: '20 4 * * *', jobTemplate: { spec: { template: { spec: template } } } },
    });
    await quiet(house);
    expect(names(house, resources.cronJobs)).toEqual(['series']);
    await house.api.delete(backups, { name: 'series' });
    await settled(house, () => expect(names(house, resources.cronJobs)).toEqual([]));
  });

  it('does not delete an object of the cluster for an owner in a namespace, and says so once', async () => {
    const house = await startHouse({ enableBackups: true });
    await establish(house);
    const run = await job(house, 'run');
    await make(house, backups, { metadata: { name: 'series', ownerReferences: [owner(run)] }, spec: { etcd: {} } });
    await house.api.delete(resources.jobs, run.metadata);
    await settled(house, () =>
      expect(house.api.all(resources.events)).toMatchObject([
        {
          reason: 'OwnerRefInvalidNamespace',
          message: `ownerRef [batch/v1/Job, namespace: , name: run, uid: ${run.metadata.uid}] does not exist in namespace ""`,
          count: 1,
        },
      ]),
    );
    await quiet(house);
    expect(names(house, backups)).toEqual(['series']);
  });

  it('concludes nothing from an owner of a kind that it does not know', async () => {
    const house = await startHouse();
    await job(house, 'foreign', [{ apiVersion: 'example.org/v1', kind: 'Widget', name: 'w', uid: 'u' }]);
    await quiet(house);
    expect(names(house, resources.jobs)).toEqual(['foreign']);
  });

  async function establish(house: House): Promise<void> {
    for (const definition of house.api.all(resources.customResourceDefinitions)) {
      const status = { conditions: [{ type: 'Established', status: 'True' as const }] };
      await house.api.updateStatus(resources.customResourceDefinitions, { ...definition, status });
    }
    await settled(house, () => expect(house.housekeeping.isIdle).toBe(true));
    await quiet(house);
  }
});

describe('a namespace that is deleted', () => {
  it('takes its content along, and goes when the last of it has gone', async () => {
    const house = await startHouse();
    await make(house, resources.namespaces, { metadata: { name: 'trial' } });
    await make(house, resources.jobs, {
      metadata: { namespace: 'trial', name: 'j' },
      spec: { template: { spec: template } },
    });
    await make(house, resources.events, {
      metadata: { namespace: 'trial', name: 'e' },
      involvedObject: { namespace: 'trial' },
    });
    await make(house, resources.persistentVolumeClaims, {
      metadata: { namespace: 'trial', name: 'held', finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    await job(house, 'elsewhere');
    await quiet(house);
    await house.api.delete(resources.namespaces, { name: 'trial' });
    await settled(house, () =>
      expect(
        house.api.all(resources.namespaces).find(({ metadata }) => metadata.name === 'trial')?.status,
      ).toMatchObject({
        conditions: [
          {
            type: 'NamespaceContentRemaining',
            message: 'Some resources are remaining: persistentvolumeclaims has 1 resource instance',
          },
        ],
      }),
    );
    expect(names(house, resources.jobs)).toEqual(['elsewhere']);
    const body = { metadata: { finalizers: null } };
    await house.api.patch(
      resources.persistentVolumeClaims,
      { namespace: 'trial', name: 'held' },
      { kind: 'merge', body },
    );
    await settled(house, () => expect(names(house, resources.namespaces)).not.toContain('trial'));
    expect(names(house, resources.events)).toEqual([]);
  });
});

describe('events', () => {
  it('go an hour after they happened last', async () => {
    const house = await startHouse();
    await house.stop();
    const at = (minutes: number): string => new Date(house.time.now().getTime() + minutes * 60_000).toISOString();
    const tell = (name: string, more: object) =>
      make(house, resources.events, {
        metadata: { namespace: NAMESPACE, name },
        involvedObject: { namespace: NAMESPACE },
        ...more,
      });
    await tell('old', { lastTimestamp: at(-61) });
    await tell('young', { lastTimestamp: at(-1) });
    await tell('repeated', { firstTimestamp: at(-600), lastTimestamp: at(20) });
    await tell('without', {});
    const again = await startHouse({ before: house });
    await settled(again, () => expect(names(again, resources.events)).toEqual(['young', 'repeated', 'without']));
    await pass(again, 50);
    expect(names(again, resources.events)).toEqual(['young', 'repeated', 'without']);
    await pass(again, 16);
    expect(names(again, resources.events)).toEqual(['repeated']);
    await pass(again, 20);
    expect(names(again, resources.events)).toEqual([]);
  });

  async function pass(house: House, minutes: number): Promise<void> {
    for (let passed = 0; passed < minutes; passed += 1) {
      house.time.advance(60_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await quiet(house);
  }
});

describe('readMachine', () => {
  it('describes this machine in Kubernetes’ words', () => {
    const machine = readMachine();
    expect(machine.name).toBe(machine.hostName);
    expect(machine.architecture).not.toBe('x64');
    expect(machine.cpus).toBeGreaterThan(0);
    expect(machine.addresses).not.toContain('127.0.0.1');
    expect(objects.node).toBeDefined();
  });
});
