import type { KubeClient } from '../../apiserver/index.ts';
import { etcdBackups, FRESH_CLUSTER_ANNOTATION, outcomeOf } from '../../crd/index.ts';
import { formatTime } from '../../controller/index.ts';
import { hasCode } from '../answers.ts';
import { backupJobName } from '../backup-job.ts';
import { say, type BackupPass } from '../backup-parts.ts';
import { pending, skipped, type EtcdBackupPass } from '../etcd-backup-status.ts';
import type { Verdict } from '../reconcile.ts';
import { owningJob } from '../turn.ts';
import { isBeforeUpdate } from './despite-rollout.ts';
import type { HouseRules } from './house-rules.ts';

const REASON = 'ClusterEtcdOperator';
const LONGEST_WAIT_MS = 10 * 60_000;

/** A Backup that the cluster itself takes care of gets a condition that says so, and nothing else. */
export function leaveBackupToCluster(pass: BackupPass, rules: HouseRules): Verdict {
  const message = rules.standsAside();
  if (message !== undefined) {
    say(pass, 'HandledElsewhere', { holds: true, reason: REASON, message }, 'Warning');
    return 'done';
  }
  if (pass.status.conditions?.some(({ type }) => type === 'HandledElsewhere') === true) {
    const statement = { holds: false, reason: 'Holdfast', message: 'Holdfast takes care of it' };
    say(pass, 'HandledElsewhere', statement, 'Normal');
  }
  return undefined;
}

/**
 * The status of an EtcdBackup is cluster-etcd-operator's then; an event has to do. But a Job that was made before is followed
 * to its end: nobody else understands its report.
 */
export function leaveEtcdBackupToCluster(pass: EtcdBackupPass, rules: HouseRules): Verdict {
  const message = rules.standsAside();
  if (message === undefined || pass.object.status?.backupJob?.name === backupJobName(pass.object)) return undefined;
  const isNew = (pass.object.status?.conditions ?? []).length === 0;
  if (isNew) pass.events.push({ type: 'Normal', reason: 'HandledElsewhere', message });
  return 'done';
}

/** Where cluster-etcd-operator begins to take care of backups, it would take all that have no Job and lack this label. */
const PROCESSED = { state: 'processed' };

/** What has an outcome is marked as cluster-etcd-operator does it (pkg/operator/backupcontroller), so that it stays as it is. */
export async function markProcessed(
  { object, signal }: EtcdBackupPass,
  { client, rules }: { readonly client: KubeClient; readonly rules: HouseRules },
): Promise<Verdict> {
  const isMarked = object.metadata.labels?.['state'] === PROCESSED.state;
  if (isMarked || outcomeOf(object) === 'BackupPending' || !rules.isOpenShift()) return undefined;
  const patch = { kind: 'merge', body: { metadata: { labels: PROCESSED } } } as const;
  await client.patch(etcdBackups, object.metadata, patch, { signal }).catch((error: unknown) => {
    if (!hasCode(error, 'APISERVER_NOT_FOUND')) throw error;
  });
  return undefined;
}

/** Backups of a cluster that is too young wait until it is not; scheduled ones are skipped, since the next one comes. */
export function waitForRotation(pass: EtcdBackupPass, rules: HouseRules): Verdict {
  const { object, now } = pass;
  const until = rules.freshUntil();
  if (until === undefined || until <= now || object.metadata.annotations?.[FRESH_CLUSTER_ANNOTATION] === 'accepted')
    return undefined;
  const time = formatTime(until);
  const why = `the control plane's certificates are replaced for the first time by then, and a backup from before holds some that run out`;
  if (owningJob(object) !== undefined || isBeforeUpdate(object)) {
    skipped(pass, `skipped, since the cluster is too young until ${time}: ${why}`);
    return 'done';
  }
  pending(pass, `waiting until ${time}: ${why} (annotate it with ${FRESH_CLUSTER_ANNOTATION}=accepted to have it now)`);
  return { again: Math.min(until.getTime() - now.getTime() + 1_000, LONGEST_WAIT_MS) };
}
