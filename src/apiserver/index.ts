/** A Kubernetes API: what has to be known of it before a backup starts, and a client for those who work with its objects. */
export { createApiClient, type ApiClient, type ApiClientOptions, type GetOptions } from './client.ts';
export {
  clusterOperatorsProgressing,
  clusterProxy,
  progressOf,
  serverVersion,
  STATIC_POD_OPERATORS,
  type ClusterProxy,
  type OperatorProgress,
  type OperatorStatus,
} from './cluster-state.ts';
export { createKubeClient, type KubeClientOptions } from './create-kube-client.ts';
export { ApiServerError, apiServerErrors, type ApiServerErrorCode, type ApiServerErrorDetails } from './errors.ts';
export { createHttpsTransport, type HttpsTransport } from './https-transport.ts';
export { loadInClusterConfig, type InClusterOptions } from './in-cluster.ts';
export { selects } from './label-selectors.ts';
export { loadKubeconfig, type Kubeconfig, type KubeconfigSource } from './kubeconfig.ts';
export type {
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  NewObject,
  ObjectList,
  Patch,
  PatchOptions,
  WatchEvent,
  WatchOptions,
} from './kube-client.ts';
export { fitsNode, fitsNodeTerms, HOST_NAME_LABEL, wantedHosts } from './node-affinity.ts';
export { openKubeClient, type OpenedKubeClient, type OpenKubeClientOptions } from './open-kube-client.ts';
export * as objects from './objects.ts';
export type {
  Condition,
  Container,
  ContainerStatus,
  CronJob,
  CustomResourceDefinition,
  Job,
  JobSpec,
  KubeEvent,
  KubeObject,
  Lease,
  Namespace,
  Node,
  ObjectMeta,
  OwnerReference,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodSpec,
  PodTemplate,
  StorageClass,
  Volume,
} from './objects.ts';
export { canonicalQuantity, compareQuantities, quantityBytes, quantityNano, quantityProblem } from './quantity.ts';
export * as resources from './resource.ts';
export { apiVersionOf, type ObjectName, type Resource } from './resource.ts';
export type { ApiRequest, ApiResponse, Transport } from './transport.ts';
