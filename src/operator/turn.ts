import type { Pod } from '../apiserver/index.ts';
import { FRESH_CLUSTER_ANNOTATION, outcomeOf, type EtcdBackup } from '../crd/index.ts';
import { isDespiteRollout } from './openshift/despite-rollout.ts';

/** Whose turn it is: backups of one cluster run one at a time, mostly in the order in which they were asked for. */

/** In order of creation; the API counts seconds, so names decide within one. */
export function byCreation(one: EtcdBackup, other: EtcdBackup): number {
  const [a, b] = [one.metadata, other.metadata];
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp ? -1 : 1;
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

/**
 * Who has begun goes first. Then come those that accept what others wait for, a rollout or a cluster's first day: they would
 * wait for it all the same behind one that does. Then the order of creation.
 */
export function byTurn(one: EtcdBackup, other: EtcdBackup): number {
  return rank(one) - rank(other) || byCreation(one, other);
}

function rank(each: EtcdBackup): number {
  if (each.status?.backupJob !== undefined) return 0;
  return isDespiteRollout(each) || each.metadata.annotations?.[FRESH_CLUSTER_ANNOTATION] === 'accepted' ? 1 : 2;
}

/** Whether a backup still takes part: it has no outcome and is not being removed. */
export function isUnfinished(etcdBackup: EtcdBackup): boolean {
  return etcdBackup.metadata.deletionTimestamp === undefined && outcomeOf(etcdBackup) === 'BackupPending';
}

/** The Job of a scheduled run that owns an EtcdBackup; undefined where a person asked for it. */
export function owningJob({ metadata }: EtcdBackup): { readonly name: string; readonly uid: string } | undefined {
  return metadata.ownerReferences?.find(({ apiVersion, kind }) => apiVersion === 'batch/v1' && kind === 'Job');
}

/**
 * The unfinished run of the same series right before a scheduled one; undefined where there is none.
 *
 * @param series - all EtcdBackups of its series
 */
export function unfinishedRunBefore(me: EtcdBackup, series: readonly EtcdBackup[]): EtcdBackup | undefined {
  if (owningJob(me) === undefined) return undefined;
  let nearest: EtcdBackup | undefined;
  for (const each of series)
    if (byTurn(each, me) < 0 && isUnfinished(each) && (nearest === undefined || byTurn(nearest, each) < 0))
      nearest = each;
  return nearest;
}

/** A pod on a node that died never ends; so long after its last moment it counts as gone. */
export const LOST_POD_MS = 5 * 60_000;

/** Whether a pod may still be at work. */
export function isAtWork(pod: Pod, now: Date): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return false;
  const lostAt = lostAtOf(pod);
  return lostAt === undefined || now < lostAt;
}

/** When a pod that is to go counts as gone; undefined for one that may stay. */
export function lostAtOf({ metadata: { deletionTimestamp } }: Pod): Date | undefined {
  return deletionTimestamp === undefined ? undefined : new Date(Date.parse(deletionTimestamp) + LOST_POD_MS);
}
