import { PART_SUFFIX } from '../base/index.ts';

/**
 * The names of a backup's files, as OpenShift's cluster-backup.sh writes them (cluster-etcd-operator,
 * bindata/etcd/cluster-backup.sh: `snapshot_${DATESTRING}${IS_DIRTY}.db`, DATESTRING from `date "+%F_%H%M%S"`),
 * and the manifest's beside them. Only a name of exactly this form is ever taken for a backup's file.
 */

/** What a file of a backup is. */
export type FileKind = 'snapshot' | 'resources' | 'manifest';

/** Stands in the names of a backup that was forced, right before the extension. */
export const DIRTY_MARKER = '__POSSIBLY_DIRTY__';

const AFFIXES: Readonly<Record<FileKind, { readonly prefix: string; readonly suffix: string }>> = {
  snapshot: { prefix: 'snapshot_', suffix: '.db' },
  resources: { prefix: 'static_kuberesources_', suffix: '.tar.gz' },
  manifest: { prefix: 'backup_', suffix: '.json' },
};
const KINDS = ['snapshot', 'resources', 'manifest'] as const satisfies readonly FileKind[];
const TIMESTAMP = /^(\d{4})-(\d{2})-(\d{2})_(\d{2})(\d{2})(\d{2})$/;
const TIMESTAMP_LENGTH = '2026-11-22_154400'.length;

/** One name, taken apart. */
export interface BackupFileName {
  readonly kind: FileKind;
  /** `2026-11-22_154400`, local time of the host that wrote it. */
  readonly timestamp: string;
  /** Whether the name carries {@link DIRTY_MARKER}. */
  readonly dirty: boolean;
  /** Whether the file is still being written (or its writer died): the name ends in `.part`. */
  readonly part: boolean;
}

/**
 * The timestamp of file names: `2026-11-22_154400`, local time without a zone, as in the reference.
 *
 * @param offsetMinutes - the zone's distance from UTC, minutes east of it; absent: this host's zone at that date
 * @throws TypeError for an invalid date or a year that needs more or fewer than four digits
 */
export function formatTimestamp(date: Date, offsetMinutes: number = -date.getTimezoneOffset()): string {
  const local = new Date(date.getTime() + offsetMinutes * 60_000);
  const year = local.getUTCFullYear();
  if (!(year >= 1000 && year <= 9999)) throw new TypeError('date: expected a valid date with a year of four digits');
  const digits = local.toISOString();
  return `${digits.slice(0, 10)}_${digits.slice(11, 19).replaceAll(':', '')}`;
}

/**
 * The moment a timestamp names, in this host's zone or the one given; undefined where it is not a timestamp of exactly
 * the form, or names a moment that the calendar does not have.
 */
export function parseTimestamp(timestamp: string, offsetMinutes?: number): Date | undefined {
  const match = TIMESTAMP.exec(timestamp);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const asUtc = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (year < 1000 || formatTimestamp(asUtc, 0) !== timestamp) return undefined;
  if (offsetMinutes !== undefined) return new Date(asUtc.getTime() - offsetMinutes * 60_000);
  return new Date(year, month - 1, day, hour, minute, second);
}

/** The final name of a backup's file, without a folder. Throws TypeError if the timestamp has another form. */
export function formatBackupFileName(kind: FileKind, timestamp: string, dirty: boolean): string {
  if (parseTimestamp(timestamp, 0) === undefined)
    throw new TypeError(`timestamp: expected one like 2026-11-22_154400, got ${JSON.stringify(timestamp)}`);
  const { prefix, suffix } = AFFIXES[kind];
  return `${prefix}${timestamp}${dirty ? DIRTY_MARKER : ''}${suffix}`;
}

/** Takes a file's name (without folder) apart; undefined for every name that is not exactly one of a backup's. */
export function parseBackupFileName(name: string): BackupFileName | undefined {
  const part = name.endsWith(PART_SUFFIX);
  const whole = part ? name.slice(0, -PART_SUFFIX.length) : name;
  const kind = KINDS.find((each) => whole.startsWith(AFFIXES[each].prefix) && whole.endsWith(AFFIXES[each].suffix));
  if (kind === undefined) return undefined;
  const middle = whole.slice(AFFIXES[kind].prefix.length, -AFFIXES[kind].suffix.length);
  const timestamp = middle.slice(0, TIMESTAMP_LENGTH);
  const marker = middle.slice(TIMESTAMP_LENGTH);
  if (marker !== '' && marker !== DIRTY_MARKER) return undefined;
  if (parseTimestamp(timestamp, 0) === undefined) return undefined;
  return { kind, timestamp, dirty: marker !== '', part };
}

/** A sub-folder that holds one backup of a custom resource: `backup-<name>-<timestamp>`. */
export interface BackupFolderName {
  /** The custom resource's name. */
  readonly name: string;
  readonly timestamp: string;
}

/**
 * The sub-folder's name, as OpenShift's operator makes it (pkg/operator/backupcontroller/backupcontroller.go).
 * Throws TypeError if the name is not a Kubernetes object's or the timestamp has another form.
 */
export function formatBackupFolderName({ name, timestamp }: BackupFolderName): string {
  const folder = `backup-${name}-${timestamp}`;
  if (parseBackupFolderName(folder) === undefined)
    throw new TypeError(`name: expected a Kubernetes object's name and a timestamp, got ${JSON.stringify(folder)}`);
  return folder;
}

/** Takes a sub-folder's name apart; undefined for every other name. */
export function parseBackupFolderName(folder: string): BackupFolderName | undefined {
  const match = /^backup-([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)-([^-]{4}-[^-]{2}-[^-]{9})$/.exec(folder);
  const [, name, timestamp] = match ?? [];
  if (name === undefined || timestamp === undefined || parseTimestamp(timestamp, 0) === undefined) return undefined;
  return { name, timestamp };
}

/** The id of a backup inside its repository: `2026-11-22_154400`, with the marker if dirty, with the sub-folder before it. */
export function formatBackupId(timestamp: string, dirty: boolean, subfolder?: string): string {
  const own = `${timestamp}${dirty ? DIRTY_MARKER : ''}`;
  return subfolder === undefined ? own : `${subfolder}/${own}`;
}
