import { HoldfastError, type ErrorDetails, type ErrorTable, type Finding } from '../../base/index.ts';

export const recoveryErrors = {
  RECOVERY_REFUSED: {
    kind: 'needs-user',
    meaning: 'A check before a restore of this host found something that must be mended first; nothing was changed.',
  },
  RECOVERY_NOT_CONFIRMED: { kind: 'needs-user', meaning: 'The plan of a restore was shown and not agreed to.' },
  RECOVERY_UNFINISHED: {
    kind: 'needs-user',
    meaning: 'An earlier restore of this host was begun and neither finished nor rolled back.',
  },
  RECOVERY_NOTHING_TO_ROLL_BACK: { kind: 'needs-user', meaning: 'No restore of this host can be rolled back.' },
  RECOVERY_STEP_FAILED: {
    kind: 'needs-user',
    meaning: 'A step of a restore failed; it can be continued or rolled back.',
  },
  RECOVERY_ROLLED_BACK: {
    kind: 'needs-user',
    meaning: 'A step of a restore failed before anything ran with the new data, and all was put back by itself.',
  },
  RECOVERY_TIMED_OUT: { kind: 'transient', meaning: 'Something that a restore waits for did not happen in time.' },
  RECOVERY_STATE_UNEXPECTED: {
    kind: 'needs-user',
    meaning: 'A file or folder is not where the journal of a restore says it must be.',
  },
  RECOVERY_JOURNAL_UNREADABLE: { kind: 'needs-user', meaning: 'The journal of a restore cannot be understood.' },
} as const satisfies ErrorTable;

export type RecoveryErrorCode = keyof typeof recoveryErrors;

/** A restore of a host that did not start, did not finish, or cannot be undone. */
export class RecoveryError extends HoldfastError<RecoveryErrorCode> {
  /** Everything that was found, where a check is what refused. */
  readonly findings: readonly Finding[];

  constructor(
    code: RecoveryErrorCode,
    message: string,
    details: ErrorDetails & { readonly findings?: readonly Finding[] },
  ) {
    super(recoveryErrors[code], code, message, details);
    this.findings = details.findings ?? [];
  }
}

/** Codes of what the checks before a restore of a host find. */
export const recoveryFindings = {
  RECOVERY_BACKUP_NOT_GOOD: 'The backup did not pass its verification.',
  RECOVERY_NO_RESOURCES: 'The backup holds no static pod resources, so only the data is restored.',
  RECOVERY_OTHER_LAYOUT: 'The backup was taken on another kind of control-plane host.',
  RECOVERY_OTHER_CLUSTER: 'The backup is of another cluster than this host’s.',
  RECOVERY_CLUSTER_UNKNOWN: 'Whether the backup is of this host’s cluster could not be learned.',
  RECOVERY_OTHER_NODE: 'The static pod resources of the backup are those of another host.',
  RECOVERY_VERSION_DIFFERS: 'The backup is of another OpenShift release or another Kubernetes minor release.',
  RECOVERY_PATCH_DIFFERS: 'The backup is of another patch release of the same Kubernetes minor release.',
  RECOVERY_VERSION_UNKNOWN: 'The versions of the backup and of the host could not be compared.',
  RECOVERY_UPDATE_UNDER_WAY: 'The backup was taken while the cluster was being updated to another OpenShift release.',
  RECOVERY_ETCD_UNREADABLE: 'The etcd of this host cannot read the data of the backup.',
  RECOVERY_CERTIFICATE_EXPIRED: 'A certificate in the backup has expired or expires within a day.',
  RECOVERY_KEYS_MISSING: 'Values in the snapshot are encrypted with keys that nobody will have after the restore.',
  RECOVERY_NO_ROOM: 'A file system has too little room for the new data beside the old.',
  RECOVERY_MEMBER_RUNNING: 'The etcd of another control-plane host still runs.',
  RECOVERY_ETCD_UNKNOWN: 'The host does not say how its etcd is started.',
  RECOVERY_MANIFEST_MISSING: 'Neither the host nor the backup has the manifest of a static pod.',
  RECOVERY_WAL_TAIL: 'The write-ahead log holds requests that the database does not.',
  RECOVERY_WAL_UNREADABLE: 'The write-ahead log of the member is damaged or missing.',
  RECOVERY_DATA_DAMAGED: 'The database of the member is damaged.',
  RECOVERY_TOKEN_DIFFERS: 'The token of this k3s or RKE2 server is not the one that the backup was taken with.',
  RECOVERY_TOKEN_UNKNOWN: 'The token that the backup needs is not in it.',
  RECOVERY_BUMP_GUESSED: 'No highest revision is known, so the revision is raised by a billion.',
} as const satisfies Readonly<Record<string, string>>;

export type RecoveryFindingCode = keyof typeof recoveryFindings;

/** What `--override <code>` turns from an error into a warning. Damage and doubt about what would run yield to nothing. */
export const OVERRIDABLE: readonly RecoveryFindingCode[] = [
  'RECOVERY_OTHER_CLUSTER',
  'RECOVERY_VERSION_DIFFERS',
  'RECOVERY_CERTIFICATE_EXPIRED',
  'RECOVERY_KEYS_MISSING',
  'RECOVERY_NO_ROOM',
  'RECOVERY_MEMBER_RUNNING',
  'RECOVERY_WAL_TAIL',
];

/** One finding of a check before a restore. */
export function finding(
  severity: Finding['severity'],
  code: RecoveryFindingCode,
  where: string,
  message: string,
  hint?: string,
): Finding {
  const canOverride = severity === 'error' && OVERRIDABLE.includes(code);
  const override = canOverride ? ` To go on in spite of it: --override ${code}.` : '';
  const text = `${hint ?? ''}${override}`.trim();
  return { severity, code, where, message, ...(text === '' ? {} : { hint: text }) };
}

/** The findings with those that the operator overrides as warnings. */
export function applyOverrides(findings: readonly Finding[], overrides: ReadonlySet<string>): readonly Finding[] {
  return findings.map((each) =>
    each.severity === 'error' && overrides.has(each.code) ? { ...each, severity: 'warning' } : each,
  );
}

/** The refusal to begin, with everything that was found, errors first. */
export function refused(findings: readonly Finding[]): RecoveryError {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const what = errors === 1 ? 'a check refuses' : `${errors} checks refuse`;
  return new RecoveryError('RECOVERY_REFUSED', `nothing was changed: ${what}`, {
    hint: 'Mend what is named above, and run it again.',
    findings: findings.toSorted((a, b) => rank(a) - rank(b)),
  });
}

function rank({ severity }: Finding): number {
  return { error: 0, warning: 1, note: 2 }[severity];
}
