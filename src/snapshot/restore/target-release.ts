import type { ClusterState } from '../cluster-state.ts';
import { RestoreError } from './errors.ts';

/** The etcd releases that data directories are made for. */
export const TARGET_RELEASES = ['3.4', '3.5', '3.6'] as const;
export type TargetRelease = (typeof TARGET_RELEASES)[number];

/**
 * Which release wrote a snapshot: from etcd 3.6 on its storage version says so, before that the version that the
 * whole cluster could speak; without either, whether the raft term is kept beside the index, as 3.5 does.
 */
export function releaseOf(state: ClusterState): string {
  const named = minorOf(state.storageVersion) ?? minorOf(state.clusterVersion ?? '');
  return named ?? (state.term === undefined ? '3.4' : '3.5');
}

/**
 * The release that a data directory is made for: the one given, or the one that wrote the snapshot.
 *
 * @param etcdVersion - of the etcd that is to start from the directory: `3.5.16` or `3.5`
 * @throws RestoreError `RESTORE_RELEASE_UNSUPPORTED` if that release is not among {@link TARGET_RELEASES}, if it is
 *   older than the snapshot's, or newer by more than one minor release
 */
export function chooseTarget(state: ClusterState, etcdVersion?: string): TargetRelease {
  const source = releaseOf(state);
  const wanted = etcdVersion === undefined ? source : minorOf(etcdVersion);
  const target = TARGET_RELEASES.find((release) => release === wanted);
  if (target === undefined) {
    throw unsupported(
      `a data directory for etcd ${etcdVersion ?? source} cannot be made`,
      `Holdfast makes them for etcd ${TARGET_RELEASES.join(', ')}. Use the etcdutl of that release.`,
    );
  }
  const step = minor(target) - minor(source);
  if (step < 0) {
    throw unsupported(
      `the snapshot was written by etcd ${source}, which etcd ${target} does not read${storage(state)}`,
      `Restore it for etcd ${source} and start that release.`,
    );
  }
  if (step > 1) {
    throw unsupported(
      `the snapshot was written by etcd ${source}; etcd ${target} reads data of etcd 3.${minor(target) - 1} at the oldest`,
      `Restore it for etcd 3.${minor(source) + 1}, start that release, and upgrade one minor release at a time.`,
    );
  }
  return target;
}

function storage(state: ClusterState): string {
  return state.storageVersion === '' ? '' : ` (storage version ${state.storageVersion})`;
}

function minorOf(version: string): string | undefined {
  return /^v?(\d+\.\d+)(?:\.|$)/.exec(version)?.[1];
}

function minor(release: string): number {
  return Number(release.split('.')[1]);
}

function unsupported(message: string, hint: string): RestoreError {
  return new RestoreError('RESTORE_RELEASE_UNSUPPORTED', message, { hint });
}
