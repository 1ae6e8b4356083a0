import { writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret, silentLog, systemTime, type Log } from '../../src/base/index.ts';
import { createApi, listenHttps, type Api, type ApiOptions, type Listener } from '../../src/standalone/api/index.ts';
import { ObjectStore } from '../../src/standalone/objects/index.ts';
import { issuePki } from '../kit/pki.ts';

export const ADMIN_TOKEN = 'admin-0123456789abcdef';
const POD_PREFIX = 'pod-token-';

/** The token of the pod with a uid. */
export function podToken(uid: string): string {
  return POD_PREFIX + uid;
}

/** The engine's API over HTTPS with a store of its own, and without controllers. */
export interface ServedApi {
  readonly api: Api;
  readonly objects: ObjectStore;
  readonly listener: Listener;
  /** Of the administrator. */
  readonly kubeconfig: string;
  readonly authority: string;
  /** A kubeconfig with a token of somebody's. */
  kubeconfigFor(token: string): Promise<string>;
  close(): Promise<void>;
}

export interface ServedApiOptions extends Partial<Pick<ApiOptions, 'authorize' | 'readPodLog' | 'time'>> {
  readonly folder: string;
  readonly log?: Log;
  readonly maxBodyBytes?: number;
  readonly stallMs?: number;
}

export async function serveApi({
  folder,
  log = silentLog,
  maxBodyBytes,
  stallMs,
  ...options
}: ServedApiOptions): Promise<ServedApi> {
  const pki = await issuePki({ folder: join(folder, 'pki') });
  const read = (path: string): Promise<string> => readFile(path, 'utf8');
  const objects = await ObjectStore.open({
    folder: join(folder, 'objects'),
    log,
    lock: () => Promise.resolve({ release: () => Promise.resolve() }),
  });
  const api = createApi({
    objects,
    log,
    time: systemTime,
    random: Math.random,
    identify: ({ token, certificate }) => {
      if (token === ADMIN_TOKEN) return { user: 'admin' };
      if (token?.startsWith(POD_PREFIX) === true) return { user: 'pod', uid: token.slice(POD_PREFIX.length) };
      return certificate === undefined ? undefined : { user: 'admin' };
    },
    ...options,
  });
  const authority = await read(pki.server.cacert);
  const listener = await listenHttps({
    api,
    log,
    authority,
    certificate: await read(pki.server.cert),
    key: new Secret(await read(pki.server.key)),
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    ...(stallMs !== undefined && { stallMs }),
  });
  const kubeconfigFor = async (token: string): Promise<string> => {
    const path = join(folder, `kubeconfig-${token}`);
    await writeFile(path, JSON.stringify(kubeconfig(listener.url, authority, token)), { mode: 0o600 });
    return path;
  };
  await makeNamespaces(api);
  return {
    api,
    objects,
    listener,
    authority,
    kubeconfig: await kubeconfigFor(ADMIN_TOKEN),
    kubeconfigFor,
    async close() {
      api.close();
      await listener.close();
      await objects.close();
    },
  };
}

function kubeconfig(url: URL, authority: string, token: string): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'engine',
        cluster: { server: url.origin, 'certificate-authority-data': Buffer.from(authority).toString('base64') },
      },
    ],
    users: [{ name: 'somebody', user: { token } }],
    contexts: [{ name: 'engine', context: { cluster: 'engine', user: 'somebody' } }],
    'current-context': 'engine',
  };
}

/** Those that the engine's housekeeping makes. */
async function makeNamespaces(api: Api): Promise<void> {
  for (const name of ['default', 'kube-system', 'openshift-etcd']) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await api.transport({
      method: 'POST',
      target: '/api/v1/namespaces',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(namespace)),
      signal: AbortSignal.timeout(10_000),
    });
  }
}
