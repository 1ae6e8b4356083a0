import type { Manifest } from '../../../backup/index.ts';
import { formatId, type Finding } from '../../../base/index.ts';
import { clusterFacts } from '../../../kube/index.ts';
import type { SnapshotInspection } from '../../inspect/inspect-snapshot.ts';
import { finding } from '../errors.ts';
import type { KnownHost } from '../learn-host.ts';

/**
 * Whether the backup is of this host's cluster. The UID of kube-system says so; etcd's cluster id only where there is no such
 * UID on one side, because every restore gives a cluster a new one.
 */
export function checkIdentity(
  manifest: Manifest | undefined,
  { path, census }: SnapshotInspection,
  { old, dataDir }: KnownHost,
): readonly Finding[] {
  const facts = census === undefined ? undefined : clusterFacts(census);
  const theirs = facts?.kubeSystemUid ?? manifest?.cluster.kubeSystemUid;
  const ours = old.kubeSystemUid;
  if (theirs !== undefined && ours !== undefined) {
    return theirs === ours
      ? []
      : [otherCluster(path, `the UID of its kube-system is ${theirs}, this host's is ${ours}`)];
  }
  const theirId = manifest?.cluster.etcdClusterId;
  if (theirId !== undefined && old.etcdClusterId !== undefined) {
    if (theirId === old.etcdClusterId) return [];
    const ids = `its etcd cluster is ${formatId(theirId)}, this host's is ${formatId(old.etcdClusterId)}`;
    return [otherCluster(path, ids)];
  }
  const message = `whether the backup is of this host's cluster is not known: etcd does not answer, and nothing in ${dataDir} says so`;
  return [finding('warning', 'RECOVERY_CLUSTER_UNKNOWN', path, message, 'Make sure of it yourself before you go on.')];
}

function otherCluster(path: string, why: string): Finding {
  const message = `the backup is of another cluster: ${why}`;
  return finding('error', 'RECOVERY_OTHER_CLUSTER', path, message, 'Use a backup of this cluster: holdfast list.');
}
