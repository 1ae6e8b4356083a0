import type { Time } from '../base/index.ts';
import { createKubeClient } from './create-kube-client.ts';
import { createHttpsTransport } from './https-transport.ts';
import { loadInClusterConfig } from './in-cluster.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import type { KubeClient } from './kube-client.ts';
import type { Transport } from './transport.ts';

export interface OpenKubeClientOptions {
  /** The kubeconfig's path; undefined: as the service account of the pod in which this runs. */
  readonly kubeconfig: string | undefined;
  /** The environment's, see {@link loadInClusterConfig}. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly time: Time;
  /** Up to the first `/` it becomes the field manager of what is written. */
  readonly userAgent: string;
}

/** A client and the connections under it. */
export interface OpenedKubeClient {
  readonly client: KubeClient;
  /** What the client goes by. */
  readonly transport: Transport;
  /** Ends all connections, with what is on them. */
  readonly close: () => void;
}

/**
 * A client of the API server that a kubeconfig names, or of the cluster in which this runs. Nothing is asked of it yet.
 *
 * @throws ApiServerError APISERVER_KUBECONFIG_MISSING, APISERVER_KUBECONFIG_INVALID
 */
export async function openKubeClient(options: OpenKubeClientOptions): Promise<OpenedKubeClient> {
  const { kubeconfig, variables, time, userAgent } = options;
  const config =
    kubeconfig === undefined ? await loadInClusterConfig(variables) : await loadKubeconfig({ path: kubeconfig });
  const transport = createHttpsTransport(config);
  return { client: createKubeClient({ transport, time, userAgent }), transport, close: () => transport.close() };
}
