export { joinCensus, KubeCensus, type EncryptedGroup, type KubeCensusResult } from './census.ts';
export { encryptionChanging } from './encryption-changing.ts';
export { clusterFacts, type ClusterFacts, type OpenShiftFacts } from './cluster-facts.ts';
export {
  parseEncryptionConfiguration,
  type ConfiguredProvider,
  type ConfiguredResources,
  type EncryptionConfiguration,
} from './encryption-config.ts';
export { parseEncryptionHeader, type EncryptionHeader } from './encryption-header.ts';
export { decodeStored, readObjectMeta, type ObjectMeta, type StoredObject } from './envelope.ts';
export { KubeError, kubeErrors, kubeFindings } from './errors.ts';
export { KEY_PREFIXES, parseKey, type KeyPrefix, type KubeKey } from './keys.ts';
export { joinLiveKeys, LiveKeyCheck, liveMissingKeys, type LiveKeyResult } from './live-keys.ts';
export { missingKeyFinding, missingKeys, type KeyCheck } from './missing-keys.ts';
