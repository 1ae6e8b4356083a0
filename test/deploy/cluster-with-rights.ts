import { rm } from 'node:fs/promises';
import {
  createHttpsTransport,
  createKubeClient,
  loadKubeconfig,
  resources,
  type KubeClient,
} from '../../src/apiserver/index.ts';
import type { Attributes } from '../../src/standalone/api/index.ts';
import { makeTemporaryFolder } from '../kit/index.ts';
import { podToken, serveApi, type ServedApi } from '../standalone/served-api.ts';
import type { Manifest } from './manifests.ts';
import { rightFor, rightsOf, wordsOf, type Account } from './rights.ts';

/** What an account was allowed and refused, in words. */
export interface Record {
  readonly used: Set<string>;
  readonly refused: Set<string>;
}

/** The embedded engine's API, on which accounts have the rights that manifests give them and no others. */
export class ClusterWithRights {
  readonly client: KubeClient;
  readonly #served: ServedApi;
  readonly #folder: string;
  readonly #close: () => void;
  readonly #accounts: Map<string, Account>;
  readonly #records: Map<string, Record>;

  private constructor(parts: {
    client: KubeClient;
    served: ServedApi;
    folder: string;
    close: () => void;
    accounts: Map<string, Account>;
    records: Map<string, Record>;
  }) {
    this.client = parts.client;
    this.#served = parts.served;
    this.#folder = parts.folder;
    this.#close = parts.close;
    this.#accounts = parts.accounts;
    this.#records = parts.records;
  }

  static async start(manifests: readonly Manifest[]): Promise<ClusterWithRights> {
    const folder = await makeTemporaryFolder();
    const accounts = new Map<string, Account>();
    const records = new Map<string, Record>();
    const authorize = (attributes: Attributes): boolean => {
      if (attributes.user.groups.includes('system:masters')) return true;
      if (attributes.resource === undefined) return attributes.verb === 'get';
      const account = accounts.get(attributes.user.name);
      if (account === undefined) return false;
      const record = recordOf(records, account);
      const right = rightFor(rightsOf(manifests, account), attributes);
      if (right === undefined) record.refused.add(describe(attributes));
      else record.used.add(wordsOf(right));
      return right !== undefined;
    };
    const served = await serveApi({ folder, authorize });
    const transport = createHttpsTransport(await loadKubeconfig({ path: served.kubeconfig }));
    const client = createKubeClient({ transport, userAgent: 'administrator/1' });
    const close = (): void => transport.close();
    for (const each of manifests)
      if (each.kind === 'CustomResourceDefinition') await client.create(resources.customResourceDefinitions, each);
    await client.create(resources.namespaces, { metadata: { name: 'holdfast' } });
    return new ClusterWithRights({ client, served, folder, close, accounts, records });
  }

  /** Makes a pod of an account, and a kubeconfig with the pod's token. */
  async podOf(account: Account, name: string, image: string): Promise<string> {
    const pod = await this.client.create(resources.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: account.namespace },
      spec: { serviceAccountName: account.name, containers: [{ name: 'main', image }] },
    });
    this.#accounts.set(`holdfast:pod:${account.namespace}:${name}`, account);
    return this.#served.kubeconfigFor(podToken(pod.metadata.uid));
  }

  record(account: Account): Record {
    return recordOf(this.#records, account);
  }

  async close(): Promise<void> {
    this.#close();
    await this.#served.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function recordOf(records: Map<string, Record>, { namespace, name }: Account): Record {
  const key = `${namespace}/${name}`;
  const record = records.get(key) ?? { used: new Set(), refused: new Set() };
  records.set(key, record);
  return record;
}

function describe({ verb, resource }: Attributes): string {
  if (resource === undefined) return verb;
  const { group, plural, subresource, namespace, name } = resource;
  return `${verb} ${group}/${plural}${subresource === '' ? '' : `/${subresource}`} ${name} in ${namespace}`;
}
