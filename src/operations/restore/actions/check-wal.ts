import { inspectSnapshotFile } from '../../inspect/inspect-snapshot.ts';
import { readDataDirectory } from '../../../snapshot/index.ts';
import { RecoveryError } from '../errors.ts';
import type { ActionOf } from '../step.ts';
import { onDisk, type ActionContext } from './context.ts';

/**
 * Makes sure that the database of the stopped member has everything that its log knows to be committed.
 *
 * A member that ends orderly commits its database last, so normally nothing is left. Where something is, etcd was killed or
 * could not start: it would replay those entries at its next start, a copy of the database would lose them. Entries that the
 * log does not know to be committed are left out; etcd's own `--force-new-cluster` discards them too (server/etcdserver/
 * bootstrap.go, "discarding uncommitted WAL entries").
 *
 * @throws RecoveryError RECOVERY_STATE_UNEXPECTED, RECOVERY_REFUSED; RestoreError, WalError where the directory cannot be read
 */
export async function checkWal(action: ActionOf<'check-wal'>, context: ActionContext): Promise<void> {
  const { log, signal } = context.surroundings;
  const walDir = action.walDir === undefined ? undefined : onDisk(context, action.walDir);
  const member = await readDataDirectory({ dataDir: onDisk(context, action.dataDir), walDir, signal });
  await expectWhole(member.databasePath, context);
  const { requests, uncommittedRequests, findings } = member.log;
  for (const { message } of findings) log.warn(message);
  if (uncommittedRequests > 0) {
    log.warn(
      `${count(uncommittedRequests)} at the end of the log ${are(uncommittedRequests)} not known to be committed and will ` +
        'not be in the new cluster; a client may have seen one succeed only if the leader that was lost had said so',
    );
  }
  if (requests === 0) return;
  const what = `${count(requests)} that the cluster committed ${are(requests)} in the log and not in ${member.databasePath}`;
  if (action.allowTail) {
    log.warn(`${what}: left out, as --override RECOVERY_WAL_TAIL allows`);
    return;
  }
  throw new RecoveryError('RECOVERY_STATE_UNEXPECTED', what, {
    subject: member.databasePath,
    hint:
      'etcd was killed before it could write them. Let it start once with its own manifest: it replays its log even without a ' +
      'quorum; then run this again. --override RECOVERY_WAL_TAIL goes on without them.',
  });
}

/** Reads the whole database: what is damaged must not become the only copy that runs. */
async function expectWhole(database: string, { surroundings }: ActionContext): Promise<void> {
  const { findings } = await inspectSnapshotFile(database, { hash: false }, surroundings);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  throw new RecoveryError('RECOVERY_REFUSED', `${database} is damaged: ${errors[0]?.message ?? ''}`, {
    subject: database,
    hint: 'Restore a backup instead: holdfast restore host <backup>.',
    findings: errors,
  });
}

function count(requests: number): string {
  return requests === 1 ? 'one write' : `${requests} writes`;
}

function are(requests: number): string {
  return requests === 1 ? 'is' : 'are';
}
