import { encryptedObject } from './kubernetes-messages.ts';
import { ObjectMaker, type KeyValue } from './kubernetes-objects.ts';
import { SeededRandom } from './seeded-random.ts';

/** How values are encrypted at rest, as far as their look goes: what follows the prefix is random. */
export interface EncryptionLook {
  readonly provider: 'aescbc' | 'aesgcm' | 'secretbox' | 'kms-v2';
  /** The key's name in the encryption configuration; for KMS the plugin's name. */
  readonly keyName: string;
  /** By default those that OpenShift encrypts. */
  readonly resources?: readonly string[];
}

export interface KubernetesDataOptions {
  readonly seed: number;
  /** By default OpenShift 4.17. */
  readonly distribution?: 'openshift' | 'kubeadm';
  /** How many of each; what a cluster has only one of comes in addition. */
  readonly namespaces?: number;
  readonly pods?: number;
  readonly deployments?: number;
  readonly configMaps?: number;
  readonly secrets?: number;
  readonly events?: number;
  readonly encryption?: EncryptionLook;
  readonly kubeSystemUid?: string;
}

/** A cluster's key space and a little of its life. */
export interface KubernetesData {
  readonly objects: readonly KeyValue[];
  /** Written under a lease, since they expire. */
  readonly events: readonly KeyValue[];
  /** New values of some of the objects. */
  readonly updates: readonly KeyValue[];
  /** Keys of some of the objects, to be deleted after everything else. */
  readonly deletions: readonly string[];
}

const ENCRYPTED_BY_OPENSHIFT = ['secrets', 'configmaps', 'routes', 'oauth'];
const APPS = ['web', 'api', 'worker', 'cache', 'router', 'registry', 'console', 'metrics'];
const CONTROL_PLANE = ['master-0', 'master-1', 'master-2'];
const OPERATORS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'authentication', 'dns'];

/** What a control plane's etcd holds: realistic keys and values, the same ones for the same seed. */
export function kubernetesShapedData(options: KubernetesDataOptions): KubernetesData {
  const random = new SeededRandom(options.seed);
  const isOpenShift = options.distribution !== 'kubeadm';
  const hide = hiding(random, options.encryption);
  const make = new ObjectMaker(random, isOpenShift ? '/kubernetes.io' : '/registry', hide);
  const count = options.namespaces ?? 8;
  const namespaces = Array.from({ length: count }, (_, index) => `team-${index + 1}`);
  const pods = times(options.pods ?? 60, () =>
    make.pod(random.pick(namespaces), random.pick(APPS), random.pick(NODES)),
  );
  const configMaps = times(options.configMaps ?? 40, (index) =>
    make.configMap(random.pick(namespaces), `settings-${index}`),
  );
  const objects = [
    make.namespace('kube-system', options.kubeSystemUid),
    ...['default', 'kube-node-lease', 'kube-public', ...namespaces].map((name) => make.namespace(name)),
    ...pods,
    ...configMaps,
    ...times(options.secrets ?? 40, (index) => make.secret(random.pick(namespaces), `credentials-${index}`)),
    ...times(options.deployments ?? 20, (index) =>
      make.deployment(random.pick(namespaces), `${random.pick(APPS)}-${index}`),
    ),
    ...NODES.flatMap((node) => [make.nodeLease(node), make.plain(`minions/${node}`, 'v1', 'Node', node)]),
    ...(isOpenShift ? openShiftObjects(make) : kubeadmObjects(make)),
  ];
  return {
    objects,
    events: times(options.events ?? 6, () => make.event(random.pick(namespaces), random.pick(APPS))),
    updates: [...CONTROL_PLANE.map((node) => make.nodeLease(node)), ...everyNth(configMaps, 4), ...everyNth(pods, 5)],
    deletions: everyNth(pods.slice(1), 9).map(({ key }) => key),
  };
}

const NODES = [...CONTROL_PLANE, 'worker-0', 'worker-1'];

function openShiftObjects(make: ObjectMaker): readonly KeyValue[] {
  const config = 'config.openshift.io';
  const history = ['4.17.5', '4.17.4'].map((version) => ({ state: 'Completed', version, verified: true }));
  const stable = ['Available', 'Progressing', 'Degraded', 'Upgradeable'].map((type) => ({
    type,
    status: type === 'Available' || type === 'Upgradeable' ? 'True' : 'False',
    lastTransitionTime: '2026-03-02T10:00:00Z',
  }));
  const clusterId = '6f5b1c0e-8a55-4c0e-9d0a-3d8f1f4c2b11';
  return [
    make.custom(`${config}/clusterversions/version`, `${config}/v1`, 'ClusterVersion', 'version', {
      spec: { channel: 'stable-4.17', clusterID: clusterId },
      status: { desired: { version: '4.17.5' }, history, conditions: stable },
    }),
    ...OPERATORS.map((name) =>
      make.custom(`${config}/clusteroperators/${name}`, `${config}/v1`, 'ClusterOperator', name, {
        spec: {},
        status: { versions: [{ name: 'operator', version: '4.17.5' }], conditions: stable },
      }),
    ),
    make.custom(`${config}/infrastructures/cluster`, `${config}/v1`, 'Infrastructure', 'cluster', {
      status: { infrastructureName: 'demo-x7k2p', controlPlaneTopology: 'HighlyAvailable' },
    }),
    make.custom(`${config}/apiservers/cluster`, `${config}/v1`, 'APIServer', 'cluster', {
      spec: { encryption: { type: 'aescbc' } },
    }),
    make.custom(
      'operator.openshift.io/kubeapiservers/cluster',
      'operator.openshift.io/v1',
      'KubeAPIServer',
      'cluster',
      {
        status: { conditions: [{ type: 'Encrypted', status: 'True', reason: 'EncryptionCompleted' }] },
      },
    ),
  ];
}

function kubeadmObjects(make: ObjectMaker): readonly KeyValue[] {
  const configuration = 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.32.4\n';
  return [make.configMap('kube-system', 'kubeadm-config', { ClusterConfiguration: configuration })];
}

/** Replaces a value by one that looks encrypted: apiserver/pkg/storage/value/encrypt, prefixes `k8s:enc:…`. */
function hiding(
  random: SeededRandom,
  look: EncryptionLook | undefined,
): (resource: string, value: Uint8Array) => Uint8Array {
  if (look === undefined) return (_, value) => value;
  const resources = look.resources ?? ENCRYPTED_BY_OPENSHIFT;
  return (resource, value) => {
    if (!resources.includes(resource)) return value;
    const hidden = random.bytes(Math.ceil(value.length / 16) * 16 + 32);
    return Buffer.concat([
      Buffer.from(prefixOf(look)),
      look.provider === 'kms-v2' ? kmsObject(random, hidden) : hidden,
    ]);
  };
}

function prefixOf({ provider, keyName }: EncryptionLook): string {
  return provider === 'kms-v2' ? `k8s:enc:kms:v2:${keyName}:` : `k8s:enc:${provider}:v1:${keyName}:`;
}

function kmsObject(random: SeededRandom, encryptedData: Uint8Array): Uint8Array {
  return encryptedObject.encode({ encryptedData, keyID: 'remote-key-1', encryptedDEKSource: random.bytes(60) });
}

function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function everyNth<T>(values: readonly T[], n: number): readonly T[] {
  return values.filter((_, index) => index % n === 0);
}
