/** The Kubernetes API of the embedded engine: what requests mean, and HTTPS for those from outside. */
export { authorizeByGroup, type Attributes, type Authorize } from './access/authorize.ts';
export { ADMIN_GROUP, POD_GROUP, SYSTEM_USER, type Identify, type User } from './access/user.ts';
export { createApi, type Api, type ApiOptions } from './create-api.ts';
export type { PodLogRequest, ReadPodLog } from './environment.ts';
export { KindRegistry } from './kinds/kind-registry.ts';
export { listenHttps, type Listener, type ListenOptions } from './server/listen.ts';
