import {
  resources,
  type KubeEvent,
  type KubeObject,
  type NewObject,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type Resource,
  type StorageClass,
} from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE } from '../../src/crd/index.ts';
import type { OperatorTestApi } from './operator-cluster.ts';

const HOST = 'kubernetes.io/hostname';
const SIZE = { storage: '10Gi' };

/** Storage and nodes of a cluster in memory, as their controllers would leave them. */
export class ClusterStorage {
  readonly #api: OperatorTestApi;

  constructor(api: OperatorTestApi) {
    this.#api = api;
  }

  /** A node of the control plane, unless it is a worker. */
  node(name: string, { isWorker = false, isReady = true, labels = {} } = {}): Promise<Node> {
    const role = isWorker ? 'worker' : 'control-plane';
    return this.#put(
      resources.nodes,
      { metadata: { name, labels: { [`node-role.kubernetes.io/${role}`]: '', [HOST]: name, ...labels } }, spec: {} },
      { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'Unknown' }] },
    );
  }

  /** One that several nodes reach, such as NFS, unless its spec says otherwise. */
  volume(name: string, spec: Partial<PersistentVolume['spec']> = {}): Promise<PersistentVolume> {
    const source = ['local', 'csi'].some((each) => each in spec) ? {} : { nfs: { server: 'files', path: '/backups' } };
    return this.#put(
      resources.persistentVolumes,
      { metadata: { name }, spec: { capacity: SIZE, accessModes: ['ReadWriteMany'], ...source, ...spec } },
      { phase: spec.claimRef === undefined ? 'Available' : 'Bound' },
    );
  }

  /** One on the disk of a node, or of several. */
  localVolume(name: string, hosts: readonly string[], more: Partial<PersistentVolume['spec']> = {}) {
    const matchExpressions = [{ key: HOST, operator: 'In', values: [...hosts] }];
    const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions }] } };
    return this.volume(name, { local: { path: '/mnt' }, nodeAffinity, ...more });
  }

  /** Bound where it names a volume, unless the status says otherwise. */
  claim(
    name: string,
    spec: Partial<PersistentVolumeClaim['spec']> = {},
    status?: PersistentVolumeClaim['status'],
  ): Promise<PersistentVolumeClaim> {
    const bound =
      spec.volumeName === undefined ? { phase: 'Pending' as const } : { phase: 'Bound' as const, capacity: SIZE };
    return this.#put(
      resources.persistentVolumeClaims,
      {
        metadata: { name, namespace: BACKUP_NAMESPACE },
        spec: { accessModes: ['ReadWriteMany'], resources: { requests: SIZE }, ...spec },
      },
      status ?? bound,
    );
  }

  storageClass(name: string, more: Partial<StorageClass> = {}, annotations = {}): Promise<StorageClass> {
    return this.#api.create(resources.storageClasses, {
      metadata: { name, annotations },
      provisioner: 'disks.example.com',
      ...more,
    });
  }

  /** A pod that has a claim mounted, on a node unless that is empty. */
  pod(name: string, claimName: string, nodeName: string): Promise<Pod> {
    return this.#put(
      resources.pods,
      {
        metadata: { name, namespace: BACKUP_NAMESPACE },
        spec: {
          containers: [{ name: 'main', image: 'x' }],
          volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
          ...(nodeName === '' ? {} : { nodeName }),
        },
      },
      { phase: nodeName === '' ? 'Pending' : 'Running' },
    );
  }

  event(
    { kind, metadata }: KubeObject,
    reason: string,
    message: string,
    at = '2026-11-22T15:44:00Z',
  ): Promise<KubeEvent> {
    const { name, namespace, uid } = metadata;
    return this.#api.create(resources.events, {
      metadata: { name: `${name}.${reason.toLowerCase()}.${at.replace(/\W/g, '')}`.toLowerCase(), namespace },
      ...{
        involvedObject: { kind, name, namespace, uid },
        type: reason.includes('Fail') ? 'Warning' : 'Normal',
        reason,
        message,
        lastTimestamp: at,
      },
    });
  }

  async #put<T extends KubeObject & { status?: unknown }>(
    resource: Resource<T>,
    object: NewObject<T>,
    status: NonNullable<T['status']>,
  ): Promise<T> {
    const made = await this.#api.create(resource, object);
    return this.#api.updateStatus(resource, { ...made, status });
  }
}
