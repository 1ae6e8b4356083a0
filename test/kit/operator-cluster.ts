import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { ManualTime } from './manual-time.ts';
import {
  ApiServerError,
  resources,
  type CronJob,
  type Job,
  type KubeObject,
  type ListOptions,
  type NewObject,
  type ObjectList,
  type ObjectName,
  type Pod,
  type Resource,
  type WatchEvent,
  type WatchOptions,
} from '../../src/apiserver/index.ts';
import { silentLog } from '../../src/base/index.ts';
import {
  BACKUP_NAMESPACE,
  backupDefinition,
  backups,
  clusterOperators,
  clusterVersions,
  encodeJobReport,
  etcdBackupDefinition,
  etcdBackups,
  featureGates,
  SERIES_LABEL,
  type Backup,
  type EtcdBackup,
  type JobReport,
} from '../../src/crd/index.ts';
import { readSelection } from '../../src/standalone/api/selection/selection.ts';
import {
  builtInKinds,
  isJsonObject,
  kindsFromDefinition,
  prepareObject,
  validateObject,
} from '../../src/standalone/schema/index.ts';
import { TestApi, type Write } from '../../src/standalone/volumes/test-api.ts';
import { createOperator, type BackupJobSettings, type Operator } from '../../src/operator/index.ts';

/** An API in memory that also selects, tells what it serves and forgets writes that change nothing, as a real one does. */
export class OperatorTestApi extends TestApi {
  /** All writes that reached the server, in order. */
  readonly writes: Write[] = [];
  /** Called once a write has been done; what it throws, the client gets. */
  afterWrite: (write: Write) => void = () => undefined;
  /** It serves OpenShift's configuration. */
  isOpenShift = false;
  /** Namespaces that exist. */
  readonly namespaces = new Set([BACKUP_NAMESPACE, 'default']);

  /** `list pods`: all requests that reached the server, in order. */
  readonly asked: string[] = [];

  override get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T> {
    this.asked.push(`get ${resource.plural}`);
    return super.get(resource, name);
  }

  override async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    this.asked.push(`list ${resource.plural}`);
    const all = await super.list(resource, options);
    const items = all.items.filter((object) => isSelected(resource, object, options));
    return { ...all, items };
  }

  override async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    this.asked.push(`watch ${resource.plural}`);
    for await (const event of super.watch(resource, options))
      if (event.type === 'BOOKMARK' || isSelected(resource, event.object, options)) yield event;
      else yield { ...event, type: 'DELETED' };
  }

  override async create<T extends KubeObject>(resource: Resource<T>, object: NewObject<T>): Promise<T> {
    const { name = '', namespace } = object.metadata;
    if (resource.namespaced && !this.namespaces.has(namespace ?? ''))
      throw new ApiServerError('APISERVER_NOT_FOUND', `namespaces "${namespace ?? ''}" not found`, {
        hint: 'Make it.',
      });
    const made = await super.create(resource, object);
    this.#wrote({ verb: 'create', plural: resource.plural, name });
    return made;
  }

  override async update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    const before = await this.get(resource, object.metadata);
    if (isSame(withoutStatus(before), withoutStatus(object))) return before;
    const updated = await super.update(resource, object);
    this.#wrote({ verb: 'update', plural: resource.plural, name: object.metadata.name });
    return updated;
  }

  override async updateStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    refuseUnlessDefined(object);
    const updated = await super.updateStatus(resource, object);
    this.#wrote({ verb: 'updateStatus', plural: resource.plural, name: object.metadata.name });
    return updated;
  }

  override getText(target?: string): Promise<string> {
    if (target === '/apis/config.openshift.io/v1' && this.isOpenShift) {
      const served = ['clusterversions', 'featuregates'].map((name) => ({ name }));
      return Promise.resolve(JSON.stringify({ resources: served }));
    }
    const served = [backups, etcdBackups].filter(
      ({ group, version, plural }) => target === `/apis/${group}/${version}` && !this.unserved.has(plural),
    );
    if (served.length === 0)
      return Promise.reject(new ApiServerError('APISERVER_NOT_FOUND', 'not found', { hint: 'Define it.' }));
    return Promise.resolve(JSON.stringify({ resources: served.map(({ plural }) => ({ name: plural })) }));
  }

  #wrote(write: Write): void {
    this.asked.push(`${write.verb} ${write.plural}`);
    this.writes.push(write);
    this.afterWrite(write);
  }
}

const DEFINED = [backupDefinition, etcdBackupDefinition].flatMap((definition) =>
  kindsFromDefinition({ ...definition, metadata: { ...definition.metadata, name: definition.metadata.name ?? '' } }),
);

const KINDS = [...builtInKinds(), ...DEFINED];

/** The definitions must know every field that is written, and allow its value. */
function refuseUnlessDefined(object: KubeObject): void {
  const kind = DEFINED.find((each) => each.kind === object.kind);
  if (kind === undefined) return;
  const { object: prepared, unknownFields } = prepareObject(kind, JSON.parse(JSON.stringify(object)));
  const problems = [
    ...unknownFields.map((field) => `unknown field ${field}`),
    ...validateObject(kind, prepared).map(({ field, message }) => `${field}: ${message}`),
  ];
  if (problems.length > 0)
    throw new ApiServerError('APISERVER_INVALID', `${kind.kind} is invalid: ${problems.join('; ')}`, {
      hint: 'Mend it.',
    });
}

/** As the engine selects. */
function isSelected({ kind }: Resource, object: KubeObject, { labelSelector, fieldSelector }: ListOptions): boolean {
  const query = new URLSearchParams({ labelSelector: labelSelector ?? '', fieldSelector: fieldSelector ?? '' });
  const [any] = DEFINED;
  const served = KINDS.find((each) => each.kind === kind) ?? any;
  const json: unknown = JSON.parse(JSON.stringify(object));
  return served !== undefined && isJsonObject(json) && readSelection(query, served).matches(json);
}

function withoutStatus(object: KubeObject): unknown {
  return { ...object, status: undefined };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The node that a Job's pods are tied to. */
export function nodeOf(job: Job): string | undefined {
  return /"metadata.name","operator":"In","values":\["([^"]+)"\]/.exec(JSON.stringify(job.spec.template.spec))?.[1];
}

export interface OpenShiftFacts {
  readonly history: readonly {
    readonly version: string;
    readonly state: string;
    readonly image?: string;
    readonly startedTime?: string;
  }[];
  /** What an administrator has asked for. */
  readonly wanted?: { readonly version?: string; readonly image?: string; readonly mode?: string };
  /** How often that has changed. */
  readonly generation?: number;
  readonly features?: readonly string[];
}

export const SUCCESS: JobReport & { outcome: 'succeeded' } = {
  outcome: 'succeeded',
  folder: 'backup-single-2026-11-22_154400',
  id: 'backup-single-2026-11-22_154400/2026-11-22_154400',
  revision: '31407',
  hash: 3866667823,
  totalKey: 12828,
  snapshotBytes: 114446336,
  bytes: 120000000,
  seconds: 3.21,
  verifiedAt: '2026-11-22T15:44:03Z',
  forced: false,
  warnings: 0,
  volume: { freeBytes: 40_000_000_000, totalBytes: 100_000_000_000 },
  certificatesExpireAt: '2027-11-22T00:00:00Z',
};

export const FAILURE: JobReport & { outcome: 'failed' } = {
  outcome: 'failed',
  code: 'ETCD_UNREACHABLE',
  message: 'no member of etcd answers',
  hint: 'Start etcd.',
};

/** A cluster in memory with an operator in it, at a time that stands still until a test moves it. */
export class OperatorCluster {
  readonly time: ManualTime;
  readonly api: OperatorTestApi;
  readonly settings: BackupJobSettings;
  operator: Operator;
  #stop = new AbortController();
  #pods = 0;

  constructor(settings: Partial<BackupJobSettings> = {}, start = '2026-11-22T15:44:00Z') {
    this.time = new ManualTime(new Date(start));
    this.api = new OperatorTestApi(this.time);
    this.settings = { image: 'holdfast:test', defaultTimeZone: 'UTC', ...settings };
    this.operator = this.startOperator();
    onTestFinished(() => this.stopOperator());
  }

  /** As after a restart: nothing is known but what the API has. */
  startOperator(settings: BackupJobSettings = this.settings): Operator {
    const { time, api } = this;
    this.operator = createOperator({ client: api, time, log: silentLog, settings });
    setMaxListeners(0, this.#stop.signal);
    void this.operator.run(this.#stop.signal);
    return this.operator;
  }

  /** As if it were killed. */
  async stopOperator(): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    this.#stop = new AbortController();
    await turn();
  }

  /** Until the operator has nothing left to do at this instant. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 8;) {
      this.time.advance(0);
      await turn();
      quiet = this.operator.isIdle ? quiet + 1 : 0;
    }
  }

  /** Lets time pass, with everything done on the way that falls due. */
  async pass(ms: number): Promise<void> {
    const end = this.time.monotonicMs() + ms;
    await this.settle();
    for (let next = this.#untilNext(); this.time.monotonicMs() + next <= end; next = this.#untilNext()) {
      this.time.advance(next);
      await this.settle();
    }
    this.time.advance(end - this.time.monotonicMs());
    await this.settle();
  }

  #untilNext(): number {
    const next = this.time.nextTimerAt;
    return next === undefined ? Infinity : Math.max(next.getTime() - this.time.now().getTime(), 0);
  }

  async claim(name: string, phase: 'Pending' | 'Bound' | 'Lost' = 'Bound'): Promise<void> {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } } };
    const metadata = { name, namespace: BACKUP_NAMESPACE };
    await this.#createWithStatus(resources.persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata,
      spec,
      status: { phase },
    });
  }

  /** What OpenShift says of itself: its releases, the newest first, and the features that are on in the desired one. */
  async openshift({ history, features = [], wanted, generation = 1 }: OpenShiftFacts): Promise<void> {
    this.api.isOpenShift = true;
    const [newest] = history;
    const version = newest?.version ?? '';
    const gate = { version, enabled: features.map((name) => ({ name })), disabled: [] };
    const config = 'config.openshift.io/v1';
    await this.#put(featureGates, {
      ...{ apiVersion: config, kind: 'FeatureGate', metadata: { name: 'cluster' }, spec: {} },
      status: { featureGates: [gate] },
    });
    await this.#put(clusterVersions, {
      ...{
        apiVersion: config,
        kind: 'ClusterVersion',
        metadata: { name: 'version', generation },
        spec: { clusterID: '7d8a0e9c-4b7e-4a65-9d0f-2f5f6f1c1a55', ...(wanted && { desiredUpdate: wanted }) },
      },
      status: { desired: { version }, history: [...history] },
    });
    await this.settle();
  }

  /** One of OpenShift's operators begins to roll out with these words, or has ended. */
  async rollout(name: string, message: string | undefined): Promise<void> {
    const lastTransitionTime = `${this.time.now().toISOString().slice(0, 19)}Z`;
    const status = message === undefined ? 'False' : 'True';
    await this.#put(clusterOperators, {
      ...{ apiVersion: 'config.openshift.io/v1', kind: 'ClusterOperator', metadata: { name } },
      status: { conditions: [{ type: 'Progressing', status, message: message ?? '', lastTransitionTime }] },
    });
    await this.settle();
  }

  async #put<T extends KubeObject & { status?: unknown }>(resource: Resource<T>, object: NewObject<T>): Promise<void> {
    const standing = this.api.all(resource).find(({ metadata }) => metadata.name === object.metadata.name);
    if (standing === undefined) await this.#createWithStatus(resource, object);
    else {
      const { generation } = object.metadata;
      const changed = { ...standing, ...('spec' in object ? { spec: object['spec'] } : {}) };
      const updated = await this.api.update(resource, { ...changed, metadata: { ...standing.metadata, generation } });
      await this.api.updateStatus(resource, { ...updated, status: object['status'] });
    }
  }

  /** A control-plane node, made or changed. */
  async node(
    name: string,
    { isReady = true, isCordoned = false, labels: others = {}, pressure = '' } = {},
  ): Promise<void> {
    const labels = { 'node-role.kubernetes.io/control-plane': '', ...others };
    const standing = this.api.all(resources.nodes).find(({ metadata }) => metadata.name === name);
    const spec = { unschedulable: isCordoned };
    const pressed = pressure === '' ? [] : [{ type: pressure, status: 'True' as const }];
    const conditions = [{ type: 'Ready', status: isReady ? ('True' as const) : ('Unknown' as const) }, ...pressed];
    if (standing === undefined)
      await this.#createWithStatus(resources.nodes, {
        ...{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } },
        ...{ spec, status: { conditions } },
      });
    else {
      const changed = await this.api.update(resources.nodes, { ...standing, spec });
      await this.api.updateStatus(resources.nodes, { ...changed, status: { conditions } });
    }
  }

  /** A backup that a person asks for; of a series and with a run's Job for an owner where they are given. */
  async ask(
    name: string,
    { pvcName, series, owner }: { pvcName?: string; series?: string; owner?: KubeObject } = {},
  ): Promise<EtcdBackup> {
    const made = await this.api.create(etcdBackups, {
      apiVersion: 'operator.openshift.io/v1alpha1',
      kind: 'EtcdBackup',
      metadata: {
        name,
        ...(series === undefined ? {} : { labels: { [SERIES_LABEL]: series } }),
        ...(owner === undefined ? {} : { ownerReferences: [ownerOf(owner)] }),
      },
      spec: pvcName === undefined ? {} : { pvcName },
    });
    await this.settle();
    return made;
  }

  async schedule(name: string, etcd: Backup['spec']['etcd']): Promise<Backup> {
    const made = await this.api.create(backups, {
      apiVersion: 'config.openshift.io/v1alpha1',
      kind: 'Backup',
      metadata: { name },
      spec: { etcd },
    });
    await this.settle();
    return made;
  }

  /** A Job as the CronJob controller makes it. */
  async run(cronJob: CronJob, name: string): Promise<Job> {
    const { metadata, spec } = cronJob.spec.jobTemplate;
    return await this.api.create(resources.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name,
        namespace: BACKUP_NAMESPACE,
        labels: metadata?.labels ?? {},
        ownerReferences: [ownerOf(cronJob)],
      },
      spec,
    });
  }

  etcdBackup(name: string): EtcdBackup {
    return named(this.api.all(etcdBackups), name);
  }

  backup(name: string): Backup {
    return named(this.api.all(backups), name);
  }

  cronJobs(): readonly CronJob[] {
    return this.api.all(resources.cronJobs);
  }

  jobs(): readonly Job[] {
    return this.api.all(resources.jobs);
  }

  /** The Job that takes the backup of an EtcdBackup. */
  jobOf(name: string): Job | undefined {
    const { uid } = this.etcdBackup(name).metadata;
    return this.jobs().find(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid));
  }

  /** `reason: message` of all events. */
  events(): readonly string[] {
    return this.api.all(resources.events).map(({ reason, message }) => `${reason ?? ''}: ${message ?? ''}`);
  }

  /** A pod of a Job, that has ended with a word or is at work. */
  async pod(job: Job, phase: 'Succeeded' | 'Failed' | 'Running', message?: string): Promise<Pod> {
    const exitCode = phase === 'Succeeded' ? 0 : 1;
    const state = phase === 'Running' ? { running: {} } : { terminated: { exitCode, ...(message && { message }) } };
    const status = { phase, containerStatuses: [{ name: 'cluster-backup', state }] };
    return await this.#makePod(job, status, nodeOf(job) ?? 'master-0');
  }

  async #makePod(job: Job, status: NonNullable<Pod['status']>, nodeName?: string): Promise<Pod> {
    return await this.#createWithStatus(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${job.metadata.name}-${++this.#pods}`,
        namespace: BACKUP_NAMESPACE,
        labels: job.spec.template.metadata?.labels ?? {},
        ownerReferences: [ownerOf(job)],
      },
      spec: { ...job.spec.template.spec, ...(nodeName !== undefined && { nodeName }) },
      status,
    });
  }

  /** A pod of a Job that no node takes. */
  async waitingPod(job: Job, message: string): Promise<void> {
    const conditions = [{ type: 'PodScheduled', status: 'False' as const, reason: 'Unschedulable', message }];
    await this.#makePod(job, { phase: 'Pending', conditions });
  }

  /** As a controller and a kubelet: an API server takes no status from whoever creates an object. */
  async #createWithStatus<T extends KubeObject & { status?: unknown }>(
    resource: Resource<T>,
    object: NewObject<T>,
  ): Promise<T> {
    const made = await this.api.create(resource, object);
    return await this.api.updateStatus(resource, { ...made, status: object['status'] });
  }

  /** Ends a Job as Kubernetes does: its pod's last word, then its own condition. */
  async endJob(job: Job, end: 'Complete' | 'Failed', report?: JobReport | string, reason?: string): Promise<void> {
    const message = typeof report === 'object' ? encodeJobReport(report) : report;
    await this.pod(job, end === 'Complete' ? 'Succeeded' : 'Failed', message);
    const now = `${this.time.now().toISOString().slice(0, 19)}Z`;
    const before = end === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
    const conditions = [before, end].map((type) => ({
      type,
      status: 'True' as const,
      lastTransitionTime: now,
      ...(reason && { reason }),
    }));
    const current = await this.api.get(resources.jobs, job.metadata);
    const startTime = job.metadata.creationTimestamp;
    const status = { startTime, conditions, ...(end === 'Complete' && { completionTime: now }) };
    await this.api.updateStatus(resources.jobs, { ...current, status });
    await this.settle();
  }

  /** Ends the Job of an EtcdBackup. */
  async end(name: string, report: JobReport): Promise<void> {
    const job = this.jobOf(name);
    if (job === undefined) throw new Error(`EtcdBackup ${name} has no Job`);
    await this.endJob(job, report.outcome === 'succeeded' ? 'Complete' : 'Failed', report);
  }
}

function ownerOf({ apiVersion, kind, metadata: { name, uid } }: KubeObject): {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
} {
  return { apiVersion, kind, name, uid };
}

function named<T extends KubeObject>(objects: readonly T[], name: string): T {
  const found = objects.find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}
