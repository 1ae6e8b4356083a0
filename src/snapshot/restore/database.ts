import { messageOf, type RandomAccess, type WritableAccess } from '../../base/index.ts';
import { updateBolt, type BoltTransaction } from '../../bolt/index.ts';
import { KEY_BUCKET } from '../buckets.ts';
import { decodeRevision, type BucketChange } from './database-changes.ts';
import { RestoreError } from './errors.ts';

/**
 * The revision that a member would start with from this database: that of the newest entry, or of the last compaction
 * if that removed it (server/storage/mvcc/kvstore.go, restore).
 *
 * @param content - the database, without the SHA-256 of a snapshot
 * @throws BoltError if it cannot be read, RestoreError `RESTORE_SNAPSHOT_UNUSABLE` if it is not etcd's
 */
export function readRevision(content: RandomAccess): bigint {
  return updateBolt(unwritable(content), latestRevision);
}

/**
 * Makes the changes in one transaction: all of them or none; on the disk when this returns.
 *
 * @throws BoltError if the file cannot be read or written; the signal's reason if it aborts
 */
export function applyChanges(
  file: WritableAccess,
  changes: readonly BucketChange[],
  options: { readonly signal?: AbortSignal | undefined } = {},
): void {
  updateBolt(file, (transaction) => changes.forEach((change) => apply(transaction, change)), options);
}

function apply(transaction: BoltTransaction, { bucket: name, clear, remove, put }: BucketChange): void {
  const bucket = transaction.createBucketIfMissing(Buffer.from(name));
  if (clear) for (const { key } of bucket.entries()) bucket.delete(key);
  for (const key of remove) bucket.delete(Buffer.from(key));
  for (const [key, value] of put) bucket.put(key, value);
}

function latestRevision(transaction: BoltTransaction): bigint {
  const keys = transaction.bucket(Buffer.from(KEY_BUCKET));
  const meta = transaction.bucket(Buffer.from('meta'));
  if (keys === undefined || meta === undefined) {
    throw unusable(`bucket "${keys === undefined ? KEY_BUCKET : 'meta'}" is missing`);
  }
  const newest = keys.last()?.key;
  const compactions = ['scheduledCompactRev', 'finishedCompactRev'].map((name) => meta.get(Buffer.from(name)));
  // A database without any entry is at revision 1.
  const revisions = [newest, ...compactions].map((key) => (key === undefined ? 1n : requireRevision(key)));
  return revisions.reduce((a, b) => (a > b ? a : b));
}

function requireRevision(key: Uint8Array): bigint {
  const revision = decodeRevision(key);
  if (revision === undefined) throw unusable(`${Buffer.from(key).toString('hex')} is no revision`);
  return revision;
}

/** The refusal to restore what is no database of etcd. */
export function unusable(problem: string, cause?: unknown): RestoreError {
  return new RestoreError('RESTORE_SNAPSHOT_UNUSABLE', `the snapshot cannot be restored: ${problem}`, {
    hint: 'Verify it with holdfast verify, and use another backup.',
    cause,
  });
}

/** A transaction that changes nothing writes nothing. */
function unwritable(content: RandomAccess): WritableAccess {
  const refuse = (): never => {
    throw new TypeError('a snapshot is not written to');
  };
  return { size: content.size, read: (target, at) => content.read(target, at), write: refuse, sync: refuse };
}

/** Wraps what the system said about reading the snapshot. */
export function readFailed(path: string, cause: unknown): RestoreError {
  return new RestoreError('RESTORE_READ_FAILED', `cannot read the snapshot ${path}: ${messageOf(cause)}`, {
    hint: 'Check that the file exists and that this user may read it.',
    subject: path,
    cause,
  });
}
