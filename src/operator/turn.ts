import type { Pod } from '../apiserver/index.ts';
import { FRESH_CLUSTER_ANNOTATION, outcomeOf, type EtcdBackup } from '../crd/index.ts';
import { seriesOf } from './backup-job.ts';
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
function byTurn(one: EtcdBackup, other: EtcdBackup): number {
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

/** The unfinished one right before `me`, of all or of those that `which` takes; undefined where there is none. */
export function predecessorOf(
  me: EtcdBackup,
  all: readonly EtcdBackup[],
  which: (each: EtcdBackup) => boolean = () => true,
): EtcdBackup | undefined {
  let nearest: EtcdBackup | undefined;
  for (const each of all)
    if (byTurn(each, me) < 0 && isUnfinished(each) && which(each))
      if (nearest === undefined || byTurn(nearest, each) < 0) nearest = each;
  return nearest;
}

/** The first unfinished one of all, and the first of those after `moved`: what its coming or going may set going, or give another to wait for. */
export function affectedBy(moved: EtcdBackup, all: readonly EtcdBackup[]): readonly EtcdBackup[] {
  let first: EtcdBackup | undefined;
  let next: EtcdBackup | undefined;
  for (const each of all) {
    if (!isUnfinished(each)) continue;
    if (first === undefined || byTurn(each, first) < 0) first = each;
    if (byTurn(each, moved) > 0 && (next === undefined || byTurn(each, next) < 0)) next = each;
  }
  return [first, next].filter((each) => each !== undefined);
}

/** The Job of a scheduled run that owns an EtcdBackup; undefined where a person asked for it. */
export function owningJob({ metadata }: EtcdBackup): { readonly name: string; readonly uid: string } | undefined {
  return metadata.ownerReferences?.find(({ apiVersion, kind }) => apiVersion === 'batch/v1' && kind === 'Job');
}

/** The unfinished run of the same series before a scheduled one. */
export function unfinishedRunBefore(me: EtcdBackup, all: readonly EtcdBackup[]): EtcdBackup | undefined {
  const series = seriesOf(me);
  if (series === undefined || owningJob(me) === undefined) return undefined;
  return predecessorOf(me, all, (each) => seriesOf(each) === series);
}

/** A pod on a node that died never ends; so long after its last moment it counts as gone. */
const LOST_POD_MS = 5 * 60_000;

/** Whether a pod may still be at work. */
export function isAtWork({ metadata, status }: Pod, now: Date): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  const { deletionTimestamp } = metadata;
  return deletionTimestamp === undefined || now.getTime() - Date.parse(deletionTimestamp) < LOST_POD_MS;
}
