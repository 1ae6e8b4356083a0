import { HoldfastError } from '../base/index.ts';

/** Exit codes by kind of failure; docs/cli.md is checked against this table by a test. */
export const exitCodes = {
  ok: { code: 0, meaning: 'Everything asked for was done.' },
  internal: { code: 1, meaning: 'A failure that Holdfast did not foresee: please report it.' },
  usage: { code: 2, meaning: 'The command line or a setting is wrong; nothing was done.' },
  refused: {
    code: 3,
    meaning: 'A check refused, mostly before the start; nothing was left. Some checks yield to --force.',
  },
  etcd: { code: 4, meaning: 'etcd could not be reached, refused the connection, or its stream broke.' },
  notGood: { code: 5, meaning: 'A snapshot, archive or backup is damaged or incomplete.' },
  storage: {
    code: 6,
    meaning: 'A folder or file could not be read or written (space, permission, input/output error).',
  },
  busy: { code: 7, meaning: 'Another run holds the repository or the cluster.' },
  host: { code: 8, meaning: "The control-plane host's files could not be found, understood or read." },
  partly: {
    code: 9,
    meaning: 'The main thing was done, but something after it was not (such as removing old backups).',
  },
  timedOut: { code: 10, meaning: 'The run took longer in all than --timeout allows; nothing half-done was left.' },
  unfinished: {
    code: 11,
    meaning: 'A restore of a host stopped midway: run it again to continue, or with --rollback.',
  },
  takenBack: { code: 12, meaning: 'A restore of a host failed before its new data was used; everything was put back.' },
  interrupted: { code: 130, meaning: 'Interrupted by SIGINT; nothing half-done has a final name.' },
  terminated: { code: 143, meaning: 'Ended by SIGTERM; nothing half-done has a final name.' },
} as const;

export type ExitReason = keyof typeof exitCodes;

/** First match wins: single codes before the families that their prefixes name. */
const reasonByPrefix: readonly (readonly [prefix: string, reason: ExitReason])[] = [
  ['CLI_', 'usage'],
  ['ETCD_ENDPOINT_INVALID', 'usage'],
  ['RETENTION_', 'usage'],
  ['STORE_LOCKED', 'busy'],
  ['OPERATION_REFUSED', 'refused'],
  ['OPERATION_NOT_GOOD', 'notGood'],
  ['OPERATION_NOTHING', 'usage'],
  ['OPERATION_TIMED_OUT', 'timedOut'],
  ['STORE_', 'storage'],
  ['ETCD_', 'etcd'],
  ['HOST_ARCHIVE_REFUSED', 'notGood'],
  ['HOST_', 'host'],
  ['APISERVER_', 'host'],
  ['KUBE_', 'host'],
  ['RESTORE_IDENTITY_INVALID', 'usage'],
  ['RESTORE_BUMP_INVALID', 'usage'],
  ['RESTORE_RELEASE_UNSUPPORTED', 'refused'],
  ['RESTORE_TARGET_EXISTS', 'refused'],
  ['RESTORE_SNAPSHOT_UNUSABLE', 'notGood'],
  ['RESTORE_', 'storage'],
  ['OPERATOR_', 'host'],
  ['STANDALONE_', 'storage'],
  ['WORKLOAD_', 'host'],
  ['SCHEMA_', 'usage'],
  ['WAL_', 'notGood'],
  ['RAFT_', 'notGood'],
  ['RECOVERY_REFUSED', 'refused'],
  ['RECOVERY_NOT_CONFIRMED', 'refused'],
  ['RECOVERY_UNFINISHED', 'refused'],
  ['RECOVERY_STEP_FAILED', 'unfinished'],
  ['RECOVERY_ROLLED_BACK', 'takenBack'],
  ['RECOVERY_NOTHING_TO_ROLL_BACK', 'usage'],
  ['RECOVERY_', 'host'],
  ['BOLT_', 'notGood'],
  ['SNAPSHOT_', 'notGood'],
  ['BACKUP_', 'notGood'],
  ['PROTOBUF_', 'notGood'],
];

/** Why the program ends, judged by what was thrown. */
export function exitReasonOf(thrown: unknown): ExitReason {
  if (!(thrown instanceof HoldfastError)) return 'internal';
  const code: string = String(thrown.code);
  return reasonByPrefix.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'internal';
}
