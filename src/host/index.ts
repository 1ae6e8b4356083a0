/** The control-plane host on disk: its layout, its static pods, its certificates, and the archive of what brings it back. */
export {
  STATIC_PODS,
  type ArchiveSource,
  type ControlPlaneHost,
  type HostEtcd,
  type HostLayout,
  type HostPath,
  type StaticPod,
  type StaticPodName,
} from './control-plane-host.ts';
export { detectLayout, sourcesOnHost, type DetectedLayout } from './detect-layout.ts';
export type { HostSource } from './layouts/layout.ts';
export { describeHost, type DescribeHostOptions } from './describe-host.ts';
export { hostErrors, HostError, type HostErrorCode } from './errors.ts';
export { hostFindings, type HostFinding, type HostFindingCode } from './findings.ts';
export { readEncryptionConfigs, resolveHostPath, type EncryptionConfigFile } from './host-files.ts';
export {
  inspectCertificates,
  type CertificateReport,
  type HostCertificate,
  type InspectCertificatesOptions,
} from './certificates.ts';
export {
  writeResourcesArchive,
  type ArchiveSink,
  type ArchiveSummary,
  type WriteArchiveOptions,
} from './archive/write-archive.ts';
export {
  verifyArchive,
  type ArchiveEntry,
  type ArchiveEntryType,
  type ArchiveReport,
  type VerifyArchiveOptions,
} from './archive/verify-archive.ts';
export { soonestExpiry, type SoonestExpiry } from './archive/archive-certificates.ts';
export { archiveRoots } from './archive/entry-names.ts';
export {
  extractArchive,
  writeFailed,
  type ExtractOptions,
  type ExtractSummary,
  type ExtractUnit,
} from './archive/extract-archive.ts';
export { readEtcdMember, type EtcdMemberSettings } from './etcd-member.ts';
export { readHostText } from './host-files.ts';
export { isRunnablePod } from './pod-manifest.ts';
export { followOnHost, mountOf, placeOnHost, type HostPlace } from './places.ts';
export { askWhetherStopped, type ListenAddress, type StopAnswer, type StopQuestion } from './stopped.ts';
