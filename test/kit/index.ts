export { Cluster, startCluster, type ClusterOptions } from './cluster.ts';
export { ControlPlane, startControlPlane, type ControlPlaneOptions } from './control-plane.ts';
export { fill, fillWithKubernetes, type Filled, type FillOptions } from './fill.ts';
export { holdfast, holdfastCommand, runHoldfast } from './holdfast.ts';
export { interrupted } from './interrupted.ts';
export {
  kubernetesShapedData,
  type EncryptionLook,
  type KubernetesData,
  type KubernetesDataOptions,
} from './kubernetes-data.ts';
export type { KeyValue } from './kubernetes-objects.ts';
export { ManualTime } from './manual-time.ts';
export { Member } from './member.ts';
export { issuePki, type CertificateOptions, type Pki, type PkiOptions, type TlsFiles } from './pki.ts';
export { freePorts } from './ports.ts';
export { cuttableProxy, type CuttableProxy } from './proxy.ts';
export { etcdReleases, isAtLeast, judge, newestRelease, parseRelease, tryJudge, type EtcdRelease } from './releases.ts';
export { runCommand, succeed, type CommandOptions, type CommandResult } from './run-command.ts';
export { SeededRandom } from './seeded-random.ts';
export { limitedFiles, smallDisk, type SmallDisk } from './small-disk.ts';
export { standingHost, type StandingHost, type StandingHostOptions } from './standing-host.ts';
export { temporaryFolder } from './temporary-folder.ts';
export { makeTemporaryFolder } from './temporary-place.ts';
export { waitFor, type WaitOptions } from './wait-for.ts';
