/** One machine that acts as a small cluster: a Kubernetes API, volumes that are folders, Jobs that are processes. */
export { startEmbeddedEtcd, type EmbeddedEtcd, type EmbeddedEtcdOptions } from './embedded-etcd/embedded-etcd.ts';
export { StandaloneError, standaloneErrors, type StandaloneErrorCode } from './errors.ts';
export { SchemaError, schemaErrors } from './schema/index.ts';
export { startStandalone, type Standalone, type StandaloneOptions } from './start.ts';
export {
  createProcessRuntime,
  localTimeZone,
  WorkloadError,
  workloadErrors,
  type Adopted,
  type ContainerAttempt,
  type ContainerExit,
  type ContainerRuntime,
  type RunningContainer,
  type WorkloadErrorCode,
} from './workloads/index.ts';
