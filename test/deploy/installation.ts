import { join } from 'node:path';
import {
  createHttpsTransport,
  createKubeClient,
  loadKubeconfig,
  resources,
  type KubeClient,
} from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, backups, etcdBackups } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import { DEPLOY, provideKubectl } from './manifests.ts';

/** The manifests of deploy/kubernetes on somebody's cluster. */
export interface Installation {
  /** An administrator's. */
  readonly client: KubeClient;
  /** A pod of the Deployment, whether or not anything runs it. */
  readonly podName: string;
  /** Takes all of it away again. */
  readonly remove: () => Promise<void>;
}

/**
 * Applies them, with everything checked that an API server can check.
 *
 * @param named - a kubeconfig with an administrator's rights
 */
export async function installOn(named: string): Promise<Installation> {
  const kubectl = (await provideKubectl()).with(named);
  const transport = createHttpsTransport(await loadKubeconfig({ path: named }));
  const client = createKubeClient({ transport, userAgent: 'administrator/1' });
  const overlay = join(DEPLOY, 'kubernetes');
  // Namespaces first: a trial run makes none for what lies in them.
  for (const namespace of ['holdfast', BACKUP_NAMESPACE])
    if ((await kubectl.run(['get', 'namespace', namespace])).code !== 0)
      await kubectl.out('create', 'namespace', namespace);
  await kubectl.out('apply', '-k', overlay, '--dry-run=server', '--validate=strict');
  const said = await kubectl.run(['apply', '-k', overlay, '--server-side', '--force-conflicts', '--validate=strict']);
  if (said.code !== 0 || said.stderr.includes('PodSecurity')) throw new Error(`kubectl apply -k: ${said.stderr}`);
  await waitFor(() => client.list(backups, {}));
  await waitFor(() => client.list(etcdBackups, {}));
  const pod = await waitFor(async () => (await client.list(resources.pods, { namespace: 'holdfast' })).items[0], {
    timeoutMs: 90_000,
    what: 'a pod of the Deployment, which Pod Security has to let in',
  });
  return {
    client,
    podName: pod.metadata.name,
    remove: async () => {
      await kubectl.run(['delete', '-k', overlay, '--wait=false', '--ignore-not-found']);
      transport.close();
    },
  };
}
