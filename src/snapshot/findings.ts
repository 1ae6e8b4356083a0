import type { Finding, Severity } from '../base/index.ts';

/** What can be wrong with, or worth knowing about, an etcd snapshot, by code. */
export const snapshotFindings = {
  SNAPSHOT_HASH_MISMATCH: 'The file does not match the SHA-256 at its end.',
  SNAPSHOT_NO_HASH: 'The file carries no SHA-256: it is a copy of member/snap/db, not a snapshot that etcd sent.',
  SNAPSHOT_SIZE_ODD: "The file's size is not that of whole pages, nor of whole pages and a SHA-256: it was cut short.",
  SNAPSHOT_EXTRA_BYTES: 'A snapshot holds bytes behind its last page.',
  SNAPSHOT_BUCKET_MISSING: 'A bucket that etcd needs is missing.',
  SNAPSHOT_BUCKET_UNKNOWN: 'A bucket that no etcd from 3.4 to 3.6 makes is there.',
  SNAPSHOT_BUCKET_NESTED: 'A bucket lies inside another one, which etcd never does.',
  SNAPSHOT_ENTRY_STRAY: 'An entry that is no bucket lies among the buckets.',
  SNAPSHOT_REVISION_MALFORMED: 'A key of the key space is no revision.',
  SNAPSHOT_REVISION_ORDER: 'Revisions are not strictly ascending.',
  SNAPSHOT_REVISION_TOO_LARGE: 'A revision is above 2^53, more than any cluster reaches.',
  SNAPSHOT_REVISION_BUMP: 'A restore with --bump-revision has left its mark.',
  SNAPSHOT_VALUE_MALFORMED: 'A value of the key space is no mvccpb.KeyValue.',
  SNAPSHOT_VALUE_INCONSISTENT: 'A value of the key space contradicts its revision or itself.',
  SNAPSHOT_INDEX_MISSING: 'The consistent index (the last raft entry applied) is not in the snapshot.',
  SNAPSHOT_META_MALFORMED: 'An entry of the meta, cluster, members, alarm or auth bucket cannot be decoded.',
  SNAPSHOT_COMPACTION_UNFINISHED: 'A compaction was under way when the snapshot was taken.',
  SNAPSHOT_AUTH_INCOMPLETE: 'Authentication is on, but there are no users: nobody could log in after a restore.',
  SNAPSHOT_ALARM: 'An alarm was raised in the cluster when the snapshot was taken.',
} as const;

export type SnapshotFindingCode = keyof typeof snapshotFindings;

export function finding(
  severity: Severity,
  code: SnapshotFindingCode,
  where: string,
  message: string,
  hint?: string,
): Finding {
  return { severity, code, where, message, ...(hint === undefined ? {} : { hint }) };
}
