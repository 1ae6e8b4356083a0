import type { Bucket, FindingList } from '../bolt/index.ts';
import type { ClusterState } from './cluster-state.ts';
import { finding } from './findings.ts';

/** The bucket that holds all revisions of all keys. */
export const KEY_BUCKET = 'key';

/** More top-level buckets than any etcd has; of a damaged file's, no more than these are looked at. */
export const MOST_BUCKETS = 1000;

/** Without these no etcd can start from the snapshot with its data. */
const NEEDED = [KEY_BUCKET, 'meta'];

/** The others that every member of etcd 3.4 to 3.6 makes when it starts. Source: etcd server/storage/schema/bucket.go. */
const USUAL = ['alarm', 'auth', 'authRoles', 'authUsers', 'cluster', 'lease', 'members', 'members_removed'];

/** A bucket's name as text; etcd's are plain ASCII. */
export function nameOf(bucket: Bucket): string {
  return Buffer.from(bucket.name).toString('latin1');
}

/** Judges which buckets are there, and what the small ones say. */
export function checkBuckets(names: ReadonlySet<string>, state: ClusterState, findings: FindingList): void {
  for (const name of NEEDED) {
    if (names.has(name)) continue;
    const message = `bucket "${name}" is missing: this is no database of etcd 3`;
    findings.add(finding('error', 'SNAPSHOT_BUCKET_MISSING', `bucket "${name}"`, message));
  }
  for (const name of USUAL) {
    if (names.has(name)) continue;
    const message = `bucket "${name}" is missing; etcd makes it anew when it starts, without what it held`;
    findings.add(finding('warning', 'SNAPSHOT_BUCKET_MISSING', `bucket "${name}"`, message));
  }
  for (const name of names) {
    if (NEEDED.includes(name) || USUAL.includes(name)) continue;
    const where = `bucket ${JSON.stringify(name)}`;
    findings.add(finding('note', 'SNAPSHOT_BUCKET_UNKNOWN', where, `${where} is none of etcd 3.4 to 3.6`));
  }
  checkState(names, state, findings);
}

function checkState(names: ReadonlySet<string>, state: ClusterState, findings: FindingList): void {
  if (state.scheduledCompaction !== state.finishedCompaction) {
    const message = `the compaction at revision ${state.scheduledCompaction ?? 'unknown'} was under way; etcd goes on with it when it starts`;
    findings.add(finding('note', 'SNAPSHOT_COMPACTION_UNFINISHED', 'bucket "meta"', message));
  }
  if (state.authEnabled && !names.has('authUsers')) {
    const message = 'authentication is on, but bucket "authUsers" is missing';
    findings.add(finding('error', 'SNAPSHOT_AUTH_INCOMPLETE', 'bucket "auth"', message));
  }
  for (const { member, alarm } of state.alarms) {
    const message = `member ${member.toString(16)} had raised the alarm ${alarm}`;
    findings.add(finding('warning', 'SNAPSHOT_ALARM', 'bucket "alarm"', message));
  }
}
