import { HoldfastError, systemCode, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const storeErrors = {
  STORE_NOT_FOUND: { kind: 'needs-user', meaning: 'A folder or file that is needed does not exist.' },
  STORE_NOT_A_FOLDER: { kind: 'needs-user', meaning: 'A path that should be a folder is something else.' },
  STORE_DENIED: { kind: 'needs-user', meaning: 'The operating system denies access to a file or folder.' },
  STORE_READ_ONLY: { kind: 'needs-user', meaning: 'The file system is mounted read-only.' },
  STORE_FULL: { kind: 'needs-user', meaning: 'The file system has no space (or no inodes) left.' },
  STORE_QUOTA: { kind: 'needs-user', meaning: 'A quota on the file system is used up.' },
  STORE_FILE_TOO_LARGE: {
    kind: 'needs-user',
    meaning: 'The file system or a process limit allows no file that large.',
  },
  STORE_EXISTS: { kind: 'needs-user', meaning: 'A file of that name is there already; it is never overwritten.' },
  STORE_IO: { kind: 'transient', meaning: 'The disk or the network file system reported an error.' },
  STORE_LOCKED: { kind: 'transient', meaning: 'Another run holds the lock of the repository or cluster.' },
  STORE_LOCK_LOST: {
    kind: 'transient',
    meaning: 'This run stood still for so long that another one took its lock over; it must not go on.',
  },
} as const satisfies ErrorTable;

export type StoreErrorCode = keyof typeof storeErrors;

/** A place that cannot be read or written, or is in use. */
export class StoreError extends HoldfastError<StoreErrorCode> {
  constructor(code: StoreErrorCode, message: string, details: ErrorDetails) {
    super(storeErrors[code], code, message, details);
  }
}

interface Translation {
  readonly code: StoreErrorCode;
  readonly message: (path: string) => string;
  readonly hint: (path: string) => string;
}

const denied: Translation = {
  code: 'STORE_DENIED',
  message: (path) => `access to ${path} is denied`,
  hint: (path) => `Run as root, or give this user read and write access to ${path} (look at: namei -l ${path}).`,
};
const failing: Translation = {
  code: 'STORE_IO',
  message: (path) => `the disk or network file system failed at ${path}`,
  hint: () => 'Look at dmesg and the state of the mount; the disk may be failing. Then run again.',
};

/** What Node's system codes mean to whoever reads or writes a repository. */
const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  EACCES: denied,
  EPERM: denied,
  EIO: failing,
  ESTALE: failing,
  ETIMEDOUT: failing,
  ENOENT: {
    code: 'STORE_NOT_FOUND',
    message: (path) => `${path} does not exist`,
    hint: (path) => `Check the path for a typing error, or that the volume is mounted (findmnt --target ${path}).`,
  },
  ENOTDIR: {
    code: 'STORE_NOT_A_FOLDER',
    message: (path) => `${path} is not a folder, or a part of its path is not`,
    hint: () => 'Give the path of a folder.',
  },
  EROFS: {
    code: 'STORE_READ_ONLY',
    message: (path) => `the file system of ${path} is mounted read-only`,
    hint: (path) => `Remount it writable (see findmnt --target ${path}), or choose another folder.`,
  },
  ENOSPC: {
    code: 'STORE_FULL',
    message: (path) => `no space is left on the file system of ${path}`,
    hint: (path) => `Free space (df -h ${path}; df -i ${path}), or choose a folder on another file system.`,
  },
  EDQUOT: {
    code: 'STORE_QUOTA',
    message: (path) => `the quota on the file system of ${path} is used up`,
    hint: () => 'Raise the quota, remove older files, or choose a folder on another file system.',
  },
  EFBIG: {
    code: 'STORE_FILE_TOO_LARGE',
    message: (path) => `${path} may not grow as large as it must`,
    hint: () => 'Raise the file size limit (ulimit -f), or use a file system without that limit, such as xfs or ext4.',
  },
  EEXIST: {
    code: 'STORE_EXISTS',
    message: (path) => `${path} exists already`,
    hint: () => 'It is left as it is. Run again: the next backup has another timestamp.',
  },
};

/**
 * Turns a system error into a {@link StoreError} that says what to do; for everyone who reads or writes files of a
 * repository. What is not a known system error comes back as it is, so `throw storageError(error, path)` is always right.
 */
export function storageError(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof HoldfastError) return error;
  const translation = Object.hasOwn(TRANSLATIONS, code) ? TRANSLATIONS[code] : undefined;
  if (translation === undefined) return error;
  return new StoreError(translation.code, translation.message(path), {
    hint: translation.hint(path),
    subject: path,
    cause: error,
  });
}
