/** A live Kubernetes API server, read only: what has to be known before a backup starts. */
export { createApiClient, type ApiClient, type ApiClientOptions, type GetOptions } from './client.ts';
export {
  clusterOperatorsProgressing,
  clusterProxy,
  clusterVersion,
  serverVersion,
  type ClusterProxy,
  type OperatorProgress,
} from './cluster-state.ts';
export { ApiServerError, apiServerErrors, type ApiServerErrorCode } from './errors.ts';
export { loadKubeconfig, type Kubeconfig, type KubeconfigSource } from './kubeconfig.ts';
