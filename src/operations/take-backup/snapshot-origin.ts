import type { Manifest } from '../../backup/index.ts';
import type { Finding } from '../../base/index.ts';
import { chooseSnapshotMembers, surveyCluster, type ClusterMember } from '../../etcd/index.ts';
import type { BackupSource } from './backup-source.ts';
import { checkClusterHealth } from './checks/cluster-health.ts';
import { saveSnapshot, type SavedSnapshot } from './save-snapshot.ts';
import type { Surroundings } from '../surroundings.ts';

/** Where a run's snapshot comes from: a live cluster, or the data directory of a stopped member. */
export interface SnapshotOrigin {
  /** The etcd cluster's id; 0 where it could not be learned. */
  readonly clusterId: bigint;
  readonly members: NonNullable<Manifest['cluster']['members']>;
  /** How large the snapshot will be at the most, bytes. */
  readonly bytes: number;
  /** What speaks against a backup from here, or is worth knowing. */
  readonly findings: readonly Finding[];
  /**
   * Writes the snapshot to `<path>.part`, whole and flushed.
   *
   * @throws EtcdError, StoreError, OperationError; nothing is left then
   */
  save(path: string): Promise<SavedSnapshot>;
}

/**
 * A live cluster: its members are asked how they are, and the best one sends the snapshot.
 *
 * @throws EtcdError where no member answers, or they belong to different clusters
 */
export async function liveCluster(
  source: BackupSource,
  { idleTimeoutMs }: { readonly idleTimeoutMs: number },
  surroundings: Surroundings,
): Promise<SnapshotOrigin> {
  const { config, endpoints, local } = source;
  const survey = await surveyCluster(endpoints, config, { signal: surroundings.signal });
  const candidates = chooseSnapshotMembers(survey.endpoints, { prefer: local });
  const silence = survey.endpoints.find(({ error }) => error !== undefined)?.error;
  if (candidates.length === 0 && silence !== undefined) throw silence;
  const { members } = survey;
  return {
    clusterId: survey.clusterId ?? 0n,
    members: forManifest(members),
    bytes: candidates.reduce((most, { status }) => Math.max(most, Number(status.dbSize)), 0),
    findings: checkClusterHealth(survey),
    save: (path) => saveSnapshot({ path, candidates, members, config, idleTimeoutMs }, surroundings),
  };
}

/** The members in the manifest's words. */
export function forManifest(members: readonly ClusterMember[]): SnapshotOrigin['members'] {
  return members.map(({ id, name, peerUrls, clientUrls, isLearner }) => ({
    id,
    name,
    peerUrls: [...peerUrls],
    clientUrls: [...clientUrls],
    learner: isLearner,
  }));
}
