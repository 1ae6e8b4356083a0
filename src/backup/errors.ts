import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const backupErrors = {
  BACKUP_MANIFEST_MALFORMED: {
    kind: 'permanent',
    meaning: 'A manifest is not JSON, lacks a field or holds one of the wrong form.',
  },
  BACKUP_MANIFEST_TOO_NEW: {
    kind: 'needs-user',
    meaning: 'A manifest was written by a newer Holdfast in a form that this one cannot read.',
  },
  BACKUP_PUBLISH_CONFLICT: {
    kind: 'permanent',
    meaning: 'An interrupted backup cannot be finished, since what lies in its place has changed meanwhile.',
  },
} as const satisfies ErrorTable;

/** A manifest that cannot be read, or an interrupted backup that cannot be finished. */
export class BackupError extends HoldfastError<keyof typeof backupErrors> {
  constructor(code: keyof typeof backupErrors, message: string, details: ErrorDetails) {
    super(backupErrors[code], code, message, details);
  }
}

/** Findings about a repository, by code. */
export const backupFindings = {
  BACKUP_FOLDER_UNREADABLE: 'A folder or file of the repository cannot be looked into; what lies there is not listed.',
  BACKUP_FOREIGN_PART: 'A half-written file belongs to a cluster-backup.sh that is running or died; it is left alone.',
} as const satisfies Readonly<Record<string, string>>;
