export type { EtcdAlarm } from './alarms.ts';
export { chooseSnapshotMembers, SMALL_LAG, type CandidateRole, type SnapshotCandidate } from './choose-member.ts';
export type { CallOptions, EtcdConfig, EtcdTls, EtcdUser, PemSource } from './config.ts';
export { loadTls, type TlsMaterial } from './credentials.ts';
export { parseEndpoints, type EtcdEndpoint, type TcpAddress, type UnixAddress } from './endpoints.ts';
export { EtcdError, etcdErrors, type EtcdErrorCode } from './errors.ts';
export { prefixEnd, type Kv, type RangeOptions, type RangeResult, type Write } from './kv.ts';
export { connectMember, type ClusterMember, type Member, type MemberStatus } from './member.ts';
export type { KeyValue } from './rpc/kv.ts';
export type { SnapshotMessages } from './snapshot-call.ts';
export type { SnapshotMessage } from './snapshot-message.ts';
export {
  streamSnapshot,
  type SnapshotProgress,
  type SnapshotSource,
  type SnapshotStreamOptions,
  type SnapshotSummary,
} from './snapshot-stream.ts';
export { surveyCluster, type ClusterSurvey, type Quorum, type SurveyedEndpoint } from './survey.ts';
