import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, Secret } from '../base/index.ts';
import { ApiServerError } from './errors.ts';
import type { Kubeconfig } from './kubeconfig.ts';

export interface InClusterOptions {
  /** Where the service account's token and the cluster's authority are mounted. Default: where kubelet mounts them. */
  readonly folder?: string | undefined;
}

const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * How a pod reaches the API server of its cluster, as its service account. The token is read anew for every request, because
 * kubelet replaces it long before it expires.
 *
 * @param variables - of the environment: `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`, which kubelet sets in every pod
 * @throws ApiServerError APISERVER_KUBECONFIG_MISSING outside of a pod, or where no service account is mounted
 */
export async function loadInClusterConfig(
  variables: Readonly<Record<string, string | undefined>>,
  { folder = SERVICE_ACCOUNT_FOLDER }: InClusterOptions = {},
): Promise<Kubeconfig> {
  const host = variables['KUBERNETES_SERVICE_HOST'];
  const port = variables['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) {
    throw missing('KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
  }
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (!URL.canParse(url)) throw missing('KUBERNETES_SERVICE_HOST', `${host} and ${port} make no address`);
  const currentToken = async (): Promise<Secret> => {
    const path = join(folder, 'token');
    const token = (await read(path)).toString('utf8').trim();
    if (token === '') throw missing(path, `${path} is empty`);
    return new Secret(token);
  };
  await currentToken();
  return {
    context: 'in-cluster',
    server: new URL(url),
    certificateAuthority: await read(join(folder, 'ca.crt')),
    tlsServerName: undefined,
    clientCertificate: undefined,
    clientKey: undefined,
    token: undefined,
    currentToken,
  };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw missing(path, `cannot read ${path}: ${messageOf(error)}`, error);
  }
}

function missing(subject: string, reason: string, cause?: unknown): ApiServerError {
  return new ApiServerError('APISERVER_KUBECONFIG_MISSING', `there is no service account to use: ${reason}`, {
    subject,
    hint: 'Run in a pod with a service account (automountServiceAccountToken), or give --kubeconfig.',
    cause,
  });
}
