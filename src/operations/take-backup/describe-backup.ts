import { basename, relative } from 'node:path';
import { MANIFEST_SCHEMA_VERSION, type Manifest } from '../../backup/index.ts';
import type { Finding } from '../../base/index.ts';
import { clusterFacts, type OpenShiftFacts } from '../../kube/index.ts';
import type { BackupSource } from './backup-source.ts';
import type { EncryptionCheck } from '../check-encryption.ts';
import type { SnapshotInspection } from '../inspect/inspect-snapshot.ts';
import type { SavedResources } from './save-resources.ts';
import type { SavedSnapshot } from './save-snapshot.ts';
import type { Surroundings } from '../surroundings.ts';
import type { BackupResource, Circumstances } from './backup-request.ts';

/** Everything that the manifest tells of. */
export interface BackupDescription {
  readonly source: BackupSource;
  readonly circumstances: Circumstances;
  readonly timestamp: string;
  readonly created: Date;
  readonly snapshot: SavedSnapshot;
  readonly resources: SavedResources | undefined;
  /** Where the archive lies, if not beside the snapshot. */
  readonly resourcesDir: string | undefined;
  /** The custom resource that asked for it. */
  readonly resource: BackupResource | undefined;
  readonly inspection: SnapshotInspection;
  readonly encryption: EncryptionCheck;
  readonly findings: readonly Finding[];
}

/** What was proven before a backup got its final name, for the manifest. */
const CHECKS = ['sha256', 'structure', 'content'] as const;

/** Writes down what a backup is, from what was found while it was taken. Throws TypeError for a snapshot without a walk. */
export function describeBackup(
  description: BackupDescription,
  { clock, tool }: Pick<Surroundings, 'clock' | 'tool'>,
): Manifest {
  const { circumstances, snapshot, resources, encryption, findings } = description;
  const { certificates } = circumstances.preflight;
  const [soonest] = (certificates?.certificates ?? []).filter(
    ({ notAfter }) => notAfter.getTime() === certificates?.earliestExpiry?.getTime(),
  );
  return {
    schemaVersion: MANIFEST_SCHEMA_VERSION,
    tool,
    created: description.created,
    timestamp: description.timestamp,
    dirty: [...circumstances.forced],
    cluster: describeCluster(description),
    member: snapshot.member,
    etcd: snapshot.etcd,
    snapshot: describeSnapshot(description),
    resources: describeResources(description),
    encryption: encryption.manifest,
    certificates: soonest && { earliestExpiry: soonest.notAfter, path: soonest.path },
    verified: {
      at: clock.now(),
      checks: [...CHECKS, ...(resources === undefined ? [] : ['archive', 'encryption-keys'])],
    },
    resource: description.resource && { ...description.resource },
    warnings: findings.filter(({ severity }) => severity !== 'note').map((finding) => ({ ...finding })),
  };
}

function describeCluster({ circumstances, inspection, source }: BackupDescription): Manifest['cluster'] {
  const facts = inspection.census === undefined ? undefined : clusterFacts(inspection.census);
  return {
    etcdClusterId: circumstances.origin.clusterId,
    kubeSystemUid: facts?.kubeSystemUid,
    kubernetesVersion: source.host?.kubernetesVersion ?? facts?.kubernetesVersion,
    openshiftVersion: facts?.openshiftVersion,
    openshift: facts?.openshift && describeOpenShift(facts.openshift),
    members: [...circumstances.origin.members],
  };
}

function describeOpenShift({
  clusterId,
  updatingTo,
  infrastructure,
}: OpenShiftFacts): Manifest['cluster']['openshift'] {
  const { name, platform, controlPlaneTopology, apiServerUrl } = infrastructure ?? {};
  return { clusterId, updatingTo, infrastructureName: name, platform, controlPlaneTopology, apiServerUrl };
}

function describeSnapshot({ snapshot, inspection }: BackupDescription): Manifest['snapshot'] {
  const { walk } = inspection;
  if (walk === undefined) throw new TypeError('a snapshot without a walk is not good');
  const { hash, revision, totalKey, liveKeys, totalSize } = walk.status;
  return {
    file: basename(snapshot.file.finalPath),
    size: snapshot.size,
    sha256: snapshot.sha256,
    contentSha256: snapshot.contentSha256,
    revision,
    raftIndex: walk.state.consistentIndex ?? 0n,
    raftTerm: walk.state.term ?? 0n,
    hash,
    totalKey,
    liveKeys,
    totalSize,
  };
}

function describeResources({ resources, resourcesDir, source }: BackupDescription): Manifest['resources'] {
  const { host } = source;
  if (resources === undefined || host === undefined) return undefined;
  return {
    file: basename(resources.file.finalPath),
    folder: resourcesDir,
    size: resources.size,
    sha256: resources.sha256,
    entries: resources.entries,
    layout: host.layout,
    staticPods: host.staticPods.map(({ name, revision, resourceDir, manifest }) => ({
      name,
      revision,
      path: relative(host.archiveRoot, resourceDir ?? manifest),
    })),
  };
}
