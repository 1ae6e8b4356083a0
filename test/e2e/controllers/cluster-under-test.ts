import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ApiServerError,
  createHttpsTransport,
  createKubeClient,
  loadKubeconfig,
  resources,
  type ApiRequest,
  type HttpsTransport,
  type KubeClient,
  type KubeEvent,
  type KubeObject,
  type Resource,
} from '../../../src/apiserver/index.ts';
import type { Time } from '../../../src/base/index.ts';
import {
  backupDefinition,
  backups,
  BACKUP_NAMESPACE,
  etcdBackupDefinition,
  etcdBackups,
} from '../../../src/crd/index.ts';
import { makeTemporaryFolder, startCluster, waitFor, type Cluster } from '../../kit/index.ts';
import { JobRecord } from './job-record.ts';
import { OperatorInProcess } from './operator-in-process.ts';
import type { OperatorPlan, TestedOperator } from './tested-operator.ts';

/** A cluster as it is handed to the specifications: an API server, its controllers, and one node that runs pods. */
export interface OpenedCluster {
  /** Of an administrator, by its path. */
  readonly kubeconfig: string;
  /** A control-plane node, on this machine. */
  readonly nodeName: string;
  /** That of its controllers. */
  readonly time: Time;
  /** The operator, where it is installed; undefined: it runs in this process, with an administrator's rights. */
  readonly operator?: (plan: OperatorPlan) => TestedOperator;
  /** Takes the node and what else was made away. */
  close(): Promise<void>;
}

const OURS: readonly Resource[] = [backups, etcdBackups];
const WORK: readonly Resource[] = [resources.cronJobs, resources.jobs];

/** How long anything may take. Back-offs and the minutes of schedules are waited for, on a busy machine. */
export const PATIENCE_MS = 240_000;

/**
 * The cluster that the specifications work on, with an etcd to back up, and the operator, which is started and stopped at
 * will. What they make goes when they are done: the definitions and the namespace too, unless they stood before.
 */
export class ClusterUnderTest {
  readonly client: KubeClient;
  readonly nodeName: string;
  readonly operator: TestedOperator;
  /** All Jobs that there ever were. */
  readonly jobs: JobRecord;
  /** Where volumes and the default place are. */
  readonly folder: string;
  readonly #opened: OpenedCluster;
  readonly #etcd: Cluster;
  readonly #transport: HttpsTransport;
  /** Takes away what was made, the last first. */
  readonly #left: (() => Promise<unknown>)[] = [];

  private constructor(parts: { opened: OpenedCluster; etcd: Cluster; transport: HttpsTransport; folder: string }) {
    this.#opened = parts.opened;
    this.#etcd = parts.etcd;
    this.#transport = parts.transport;
    this.folder = parts.folder;
    this.nodeName = parts.opened.nodeName;
    this.client = createKubeClient({ transport: parts.transport, userAgent: 'controllers/1' });
    this.jobs = new JobRecord(this.client);
    const { kubeconfig, time, operator } = parts.opened;
    const plan = { etcd: parts.etcd.endpoints.join(','), defaultFolder: this.defaultFolder };
    this.operator = operator?.(plan) ?? new OperatorInProcess({ ...plan, kubeconfig, time });
  }

  static async open(opened: OpenedCluster): Promise<ClusterUnderTest> {
    const cluster = new ClusterUnderTest({
      opened,
      etcd: await startCluster(),
      transport: createHttpsTransport(await loadKubeconfig({ path: opened.kubeconfig })),
      folder: await makeTemporaryFolder(),
    });
    try {
      await cluster.#prepare();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** The default place, where no claim is named. */
  get defaultFolder(): string {
    return join(this.folder, 'default');
  }

  /** A bound claim. @returns the folder of its volume */
  async claim(name: string): Promise<string> {
    const folder = join(this.folder, 'volumes', name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const terms = [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [this.nodeName] }] }];
    await this.client.create(resources.persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `holdfast-e2e-${name}` },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: BACKUP_NAMESPACE, name },
        local: { path: folder },
        nodeAffinity: { required: { nodeSelectorTerms: terms } },
      },
    });
    this.#left.push(() => this.#remove(resources.persistentVolumes, `holdfast-e2e-${name}`));
    await this.#claim(name, { storageClassName: '', volumeName: `holdfast-e2e-${name}` });
    await this.until(`the claim ${name} to be bound`, async () => {
      const { status } = await this.client.get(resources.persistentVolumeClaims, this.named(name));
      return status?.phase === 'Bound';
    });
    return folder;
  }

  /** A claim that waits for a pod, and then for a provisioner that nobody runs: the Job of a backup is made and goes no further. */
  async lateClaim(name: string): Promise<void> {
    const className = `holdfast-e2e-${name}`;
    await this.client.create(resources.storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: className },
      provisioner: 'nobody.example.com',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    this.#left.push(() => this.#remove(resources.storageClasses, className));
    await this.#claim(name, { storageClassName: className });
  }

  /** A claim that there is no volume for. */
  async pendingClaim(name: string): Promise<void> {
    await this.#claim(name, { storageClassName: '' });
  }

  async #claim(name: string, more: object): Promise<void> {
    await this.client.create(resources.persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: BACKUP_NAMESPACE },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        ...more,
      },
    });
    this.#left.push(() => this.#remove(resources.persistentVolumeClaims, name));
  }

  named(name: string): { readonly name: string; readonly namespace: string } {
    return { name, namespace: BACKUP_NAMESPACE };
  }

  /** What has been told of an object that belongs to no namespace. */
  async eventsOf(object: KubeObject): Promise<readonly KubeEvent[]> {
    const { items } = await this.client.list(resources.events, { namespace: 'default' });
    return items.filter(({ involvedObject }) => involvedObject.uid === object.metadata.uid);
  }

  /** Whether the server would take an object as it is, without making it. @returns its answer */
  async tryOut(resource: Resource, object: unknown): Promise<{ readonly status: number; readonly text: string }> {
    const { group, version, plural } = resource;
    return await this.send('POST', `/apis/${group}/${version}/${plural}?dryRun=All&fieldValidation=Strict`, object);
  }

  async send(
    method: ApiRequest['method'],
    target: string,
    body: unknown,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await this.#transport({
      method,
      target,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: Buffer.from(JSON.stringify(body)),
      signal: AbortSignal.timeout(60_000),
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    return { status: answer.status, text: Buffer.concat(chunks).toString() };
  }

  async until<T>(
    what: string | (() => string),
    condition: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  ): Promise<T> {
    return await waitFor(condition, { what, timeoutMs: PATIENCE_MS, everyMs: 100 });
  }

  /** Resolves once the object is gone. */
  async gone(resource: Resource, name: string): Promise<void> {
    await this.until(`${resource.plural} ${name} to be gone`, () => this.#isGone(resource, name));
  }

  /** The folders of backups in a volume or the default place, without their times, in order. */
  async backupsIn(folder: string): Promise<readonly string[]> {
    const names = await readdir(folder).catch(() => []);
    return names
      .filter((name) => name.startsWith('backup-'))
      .map((name) => name.replace(/-\d{4}-\d{2}-\d{2}_\d{6}$/, ''))
      .sort();
  }

  /** Removes what the specifications have made. */
  async close(): Promise<void> {
    try {
      for (const leave of this.#left.reverse()) await leave();
    } finally {
      this.#transport.close();
      await this.#opened.close();
      await this.#etcd.stop();
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  async #prepare(): Promise<void> {
    await this.#refuseOthers();
    await this.#makeNamespace();
    const stop = this.jobs.start();
    this.#left.push(stop);
    this.#left.push(() => this.operator.stop());
    // It waits for the definitions.
    await this.operator.start();
    for (const definition of [backupDefinition, etcdBackupDefinition]) await this.#define(definition);
    this.#left.push(() => this.#removeAll());
    await this.until('the operator to be ready', () => this.operator.isReady());
  }

  /** The operator acts on all that there is, and in the end all of it is removed. */
  async #refuseOthers(): Promise<void> {
    for (const resource of OURS) {
      const { items } = await this.client.list(resource).catch((error: unknown) => {
        if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return { items: [] };
        throw error;
      });
      if (items.length > 0)
        throw new Error(`the cluster has ${resource.plural} already; the specifications need one that has none`);
    }
  }

  async #makeNamespace(): Promise<void> {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: BACKUP_NAMESPACE } };
    if (await this.#makeUnlessThere(resources.namespaces, namespace))
      this.#left.push(async () => {
        await this.#remove(resources.namespaces, BACKUP_NAMESPACE);
        await this.gone(resources.namespaces, BACKUP_NAMESPACE);
      });
    // Where pods have accounts, none can be made before the namespace has its own.
    const { resources: served } = JSON.parse(await this.client.getText('/api/v1')) as { resources: { name: string }[] };
    if (served.some(({ name }) => name === 'serviceaccounts'))
      await this.until('the account of the pods', () =>
        this.client.getText(`/api/v1/namespaces/${BACKUP_NAMESPACE}/serviceaccounts/default`),
      );
  }

  async #define(definition: typeof backupDefinition): Promise<void> {
    const resource = resources.customResourceDefinitions;
    const { name = '' } = definition.metadata;
    if (await this.#makeUnlessThere(resource, definition)) this.#left.push(() => this.#remove(resource, name));
    await this.until(`${name} to be served`, async () => {
      const { status } = await this.client.get(resource, { name });
      return status?.conditions?.some(({ type, status: holds }) => type === 'Established' && holds === 'True');
    });
  }

  async #makeUnlessThere<T extends KubeObject>(
    resource: Resource<T>,
    object: Parameters<typeof this.client.create<T>>[1],
  ): Promise<boolean> {
    try {
      await this.client.create(resource, object);
      return true;
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_ALREADY_EXISTS') return false;
      throw error;
    }
  }

  /** The operator still runs and clears up after each; the node still runs and lets its pods go. */
  async #removeAll(): Promise<void> {
    const inNamespace = { namespace: BACKUP_NAMESPACE };
    for (const resource of OURS)
      for (const { metadata } of (await this.client.list(resource)).items) await this.#remove(resource, metadata.name);
    for (const resource of WORK)
      for (const { metadata } of (await this.client.list(resource, inNamespace)).items)
        await this.#remove(resource, metadata.name);
    await this.until('all pods to be gone', async () => {
      const { items } = await this.client.list(resources.pods, inNamespace);
      return items.length === 0;
    });
  }

  async #isGone(resource: Resource, name: string): Promise<boolean> {
    try {
      await this.client.get(resource, resource.namespaced ? this.named(name) : { name });
      return false;
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return true;
      throw error;
    }
  }

  async #remove(resource: Resource, name: string): Promise<void> {
    try {
      const which = resource.namespaced ? this.named(name) : { name };
      await this.client.delete(resource, which, { propagation: 'Background' });
    } catch (error) {
      if (!(error instanceof ApiServerError) || error.code !== 'APISERVER_NOT_FOUND') throw error;
    }
  }
}
