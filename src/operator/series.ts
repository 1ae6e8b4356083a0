import type { BackupStatus, EtcdBackup, TakenBackup } from '../crd/index.ts';
import { outcomeOf } from '../crd/index.ts';

interface RunThatSucceeded {
  readonly name: string;
  readonly time: string;
  readonly taken: TakenBackup;
  /** Whose disk it went to; undefined where it went to a claim. */
  readonly hostName?: string | undefined;
}

/** How one run of a series ended. */
export type Run =
  | RunThatSucceeded
  | { readonly name: string; readonly time: string; readonly reason: string; readonly message: string };

/** What a Backup's status says of its runs. */
export type SeriesRecord = Pick<
  BackupStatus,
  'lastSuccessfulTime' | 'lastSuccess' | 'lastFailure' | 'consecutiveFailures' | 'kept' | 'hosts'
>;

/** The end of an EtcdBackup as a run; undefined while it has none, and for one that was skipped. */
export function runOf(etcdBackup: EtcdBackup): Run | undefined {
  const { name, creationTimestamp } = etcdBackup.metadata;
  const { completionTime, backup, failure } = etcdBackup.status ?? {};
  const time = completionTime ?? creationTimestamp;
  switch (outcomeOf(etcdBackup)) {
    case 'BackupCompleted':
      return backup && { name, time, taken: backup, hostName: hostOf(etcdBackup) };
    case 'BackupFailed': {
      const message = failure?.message ?? 'the backup failed';
      return { name, time, reason: failure?.code ?? 'BackupFailed', message };
    }
    case 'BackupPending':
    case 'BackupSkipped':
      return undefined;
  }
}

function hostOf({ spec, status }: EtcdBackup): string | undefined {
  return (spec.pvcName ?? '') === '' ? status?.nodeName : undefined;
}

/**
 * Goes on from what a status said before with the runs that have ended since. The objects of old runs are removed in time,
 * so what is known of them is kept; runs that were counted are not counted twice.
 */
export function followRuns(before: SeriesRecord, runs: readonly Run[]): SeriesRecord {
  const record: SeriesRecord = { ...before };
  let counted = latestOf(before);
  for (const run of runs.toSorted(byEnd)) {
    const isNew = counted === undefined || (byEnd(counted, run) < 0 && counted.name !== run.name);
    if ('taken' in run) {
      noteHost(record, run, isNew);
      if (isAfter(run.time, record.lastSuccessfulTime)) noteSuccess(record, run);
      if (isNew) record.consecutiveFailures = 0;
    } else if (isNew) {
      const { name, time, reason, message } = run;
      record.lastFailure = { time, reason, message, etcdBackup: name };
      record.consecutiveFailures = (record.consecutiveFailures ?? 0) + 1;
    }
    if (isNew) counted = run;
  }
  return record;
}

/** Whether a run had ended by the time of what a status says; it adds nothing to the record then. */
export function isCounted(run: End, record: SeriesRecord): boolean {
  const counted = latestOf(record);
  return counted !== undefined && byEnd(counted, run) >= 0;
}

function noteSuccess(record: SeriesRecord, { name, time, taken }: RunThatSucceeded): void {
  const { folder, bytes, seconds, verifiedAt, kept, volume, certificatesExpireAt } = taken;
  record.lastSuccessfulTime = time;
  record.lastSuccess = {
    ...{ etcdBackup: name, folder, bytes, seconds, verifiedAt },
    ...(volume && { volume }),
    ...(certificatesExpireAt !== undefined && { certificatesExpireAt }),
  };
  if ((record.hosts ?? []).length > 0) record.kept = sumOf(record.hosts ?? []);
  else if (kept !== undefined) record.kept = { backups: kept.backups, bytes: kept.bytes };
}

/** The record without the nodes that are gone for good, and with them what lay on their disks. */
export function withoutHosts(record: SeriesRecord, gone: readonly string[]): SeriesRecord {
  const hosts = record.hosts?.filter(({ name }) => !gone.includes(name));
  return hosts === undefined || gone.length === 0 ? record : { ...record, hosts, kept: sumOf(hosts) };
}

/** Each node counts what lies on its own disk, and tells it when it takes a backup. */
function noteHost(record: SeriesRecord, { time, taken: { kept }, hostName }: RunThatSucceeded, isNew: boolean): void {
  if (hostName === undefined || kept === undefined) return;
  const before = record.hosts?.find(({ name }) => name === hostName);
  // Of a node that was taken out, old runs may still be there.
  if (before === undefined && !isNew) return;
  if (!isAfter(time, before?.lastSuccessfulTime)) return;
  const { backups, bytes } = kept;
  const others = record.hosts?.filter(({ name }) => name !== hostName) ?? [];
  const host = { name: hostName, backups, bytes, lastSuccessfulTime: time };
  record.hosts = [...others, host].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function sumOf(hosts: NonNullable<SeriesRecord['hosts']>): { readonly backups: number; readonly bytes: number } {
  const sum = (what: 'backups' | 'bytes'): number => hosts.reduce((total, host) => total + host[what], 0);
  return { backups: sum('backups'), bytes: sum('bytes') };
}

interface End {
  readonly name: string;
  readonly time: string;
}

function latestOf({ lastSuccessfulTime, lastSuccess, lastFailure }: SeriesRecord): End | undefined {
  const success = lastSuccessfulTime && { time: lastSuccessfulTime, name: lastSuccess?.etcdBackup ?? '' };
  const failure = lastFailure && { time: lastFailure.time, name: lastFailure.etcdBackup };
  if (!success || !failure) return success || failure;
  return byEnd(success, failure) < 0 ? failure : success;
}

/** Times have seconds; within one the names decide, which grow with the schedule. */
function byEnd(one: End, other: End): number {
  const difference = Date.parse(one.time) - Date.parse(other.time);
  return difference !== 0 ? difference : one.name.localeCompare(other.name, 'en');
}

function isAfter(time: string, other: string | undefined): boolean {
  return other === undefined || Date.parse(time) >= Date.parse(other);
}
