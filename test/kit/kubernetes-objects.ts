import * as messages from './kubernetes-messages.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Makes the objects of one cluster, each with the key and the value that its API server would store. */
export class ObjectMaker {
  readonly #random: SeededRandom;
  readonly #prefix: string;
  readonly #hide: (resource: string, value: Uint8Array) => Uint8Array;

  /** @param hide - encrypts what is to be encrypted at rest, by resource */
  constructor(random: SeededRandom, prefix: string, hide: (resource: string, value: Uint8Array) => Uint8Array) {
    this.#random = random;
    this.#prefix = prefix;
    this.#hide = hide;
  }

  namespace(name: string, uid?: string): KeyValue {
    const metadata = { ...this.#meta(name), ...(uid === undefined ? {} : { uid }) };
    const raw = messages.namespace.encode({
      metadata,
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    return this.#stored(`namespaces/${name}`, 'v1', 'Namespace', raw);
  }

  secret(namespace: string, name: string): KeyValue {
    const data = ['username', 'password', 'token'].map((key) => ({ key, value: this.#random.bytes(24) }));
    const raw = messages.secret.encode({ metadata: this.#meta(name, namespace), data, type: 'Opaque' });
    return this.#stored(`secrets/${namespace}/${name}`, 'v1', 'Secret', raw);
  }

  configMap(namespace: string, name: string, data?: Readonly<Record<string, string>>): KeyValue {
    const content = data ?? { 'settings.yaml': `logLevel: info\nreplicas: ${this.#random.below(9)}\n`.repeat(8) };
    const entries = Object.entries(content).map(([key, value]) => ({ key, value }));
    const raw = messages.configMap.encode({ metadata: this.#meta(name, namespace), data: entries });
    return this.#stored(`configmaps/${namespace}/${name}`, 'v1', 'ConfigMap', raw);
  }

  pod(namespace: string, app: string, node: string): KeyValue {
    const name = `${app}-${this.#random.hex(9)}-${this.#random.hex(5)}`;
    const raw = messages.pod.encode({
      metadata: this.#meta(name, namespace, app),
      spec: { containers: this.#containers(app), restartPolicy: 'Always', nodeName: node },
      status: { phase: 'Running', message: '', hostIP: '10.0.0.11', podIP: `10.128.0.${this.#random.below(250)}` },
    });
    return this.#stored(`pods/${namespace}/${name}`, 'v1', 'Pod', raw);
  }

  deployment(namespace: string, app: string): KeyValue {
    const replicas = 1 + this.#random.below(5);
    const labels = { matchLabels: [{ key: 'app', value: app }] };
    const spec = { containers: this.#containers(app), restartPolicy: 'Always', nodeName: '' };
    const raw = messages.deployment.encode({
      metadata: this.#meta(app, namespace, app),
      spec: { replicas, selector: labels, template: { metadata: this.#meta('', '', app), spec } },
      status: { observedGeneration: 1n, replicas },
    });
    return this.#stored(`deployments/${namespace}/${app}`, 'apps/v1', 'Deployment', raw);
  }

  event(namespace: string, about: string): KeyValue {
    const name = `${about}.17${this.#random.hex(14)}`;
    const raw = messages.event.encode({
      metadata: this.#meta(name, namespace),
      involvedObject: { kind: 'Pod', namespace, name: about },
      reason: this.#random.pick(['Scheduled', 'Pulled', 'Created', 'Started', 'BackOff']),
      message: `Successfully assigned ${namespace}/${about} to a node`,
      count: 1 + this.#random.below(30),
      type: 'Normal',
    });
    return this.#stored(`events/${namespace}/${name}`, 'v1', 'Event', raw);
  }

  nodeLease(node: string): KeyValue {
    const raw = messages.lease.encode({
      metadata: this.#meta(node, 'kube-node-lease'),
      spec: { holderIdentity: node, leaseDurationSeconds: 40 },
    });
    return this.#stored(`leases/kube-node-lease/${node}`, 'coordination.k8s.io/v1', 'Lease', raw);
  }

  /** An object of which only the metadata matters here. */
  plain(path: string, apiVersion: string, kind: string, name: string, namespace = ''): KeyValue {
    return this.#stored(path, apiVersion, kind, messages.anyObject.encode({ metadata: this.#meta(name, namespace) }));
  }

  /** A custom resource: stored as JSON. */
  custom(
    path: string,
    apiVersion: string,
    kind: string,
    name: string,
    rest: Readonly<Record<string, unknown>>,
  ): KeyValue {
    const metadata = { name, uid: this.#random.uuid(), generation: 1, creationTimestamp: '2026-03-01T08:00:00Z' };
    return {
      key: `${this.#prefix}/${path}`,
      value: Buffer.from(JSON.stringify({ apiVersion, kind, metadata, ...rest })),
    };
  }

  #stored(path: string, apiVersion: string, kind: string, raw: Uint8Array): KeyValue {
    const value = messages.envelope(apiVersion, kind, raw);
    return { key: `${this.#prefix}/${path}`, value: this.#hide(path.split('/')[0] ?? '', value) };
  }

  #meta(name: string, namespace = '', app?: string): messages.ObjectMeta {
    return {
      name,
      namespace,
      uid: this.#random.uuid(),
      generation: 1n,
      creationTimestamp: { seconds: 1_772_352_000n + BigInt(this.#random.below(1_000_000)) },
      labels: app === undefined ? [] : [{ key: 'app', value: app }],
      annotations: [{ key: 'example.com/revision', value: this.#random.hex(40) }],
    };
  }

  #containers(app: string): { name: string; image: string; command: string[]; args: string[] }[] {
    const image = `quay.io/example/${app}@sha256:${this.#random.hex(64)}`;
    return [{ name: app, image, command: [`/usr/bin/${app}`], args: ['--v=2', `--seed=${this.#random.hex(8)}`] }];
  }
}
