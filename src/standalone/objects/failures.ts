import { messageOf, systemCode } from '../../base/index.ts';
import { StandaloneError } from '../errors.ts';

export function damaged(path: string, offset: number): StandaloneError {
  return new StandaloneError('STANDALONE_STORE_DAMAGED', `${path} is damaged at byte ${offset}`, {
    subject: path,
    hint:
      'Put back a copy of the file, or move it away and start again: the volumes with their backups stay, and ' +
      'storage, schedules and backup objects have to be applied anew. Look after the disk first.',
  });
}

export function newer(path: string, version: number): StandaloneError {
  return new StandaloneError(
    'STANDALONE_STORE_NEWER',
    `${path} has format ${version}, which this Holdfast cannot read`,
    {
      subject: path,
      hint: 'Run the Holdfast that wrote it, or a newer one.',
    },
  );
}

export function unreadable(path: string, cause: unknown): StandaloneError {
  if (cause instanceof StandaloneError) return cause;
  return new StandaloneError('STANDALONE_STORE_UNREADABLE', `cannot open ${path}: ${messageOf(cause)}`, {
    subject: path,
    hint: 'Check that the folder belongs to the user who runs Holdfast, and that its file system is mounted for writing.',
    cause,
  });
}

export function closed(path: string): StandaloneError {
  return new StandaloneError('STANDALONE_STORE_CLOSED', `${path} is closed`, {
    subject: path,
    hint: 'The engine is stopping. Start it again.',
  });
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export function writeFailed(path: string, cause: unknown): StandaloneError {
  if (cause instanceof StandaloneError) return cause;
  const isFull = FULL.has(systemCode(cause) ?? '');
  return isFull
    ? new StandaloneError('STANDALONE_STORE_FULL', `no room to write ${path}: ${messageOf(cause)}`, {
        subject: path,
        hint: 'Free space on that file system. Nothing that was acknowledged is lost; writes go on once there is room.',
        cause,
      })
    : new StandaloneError('STANDALONE_STORE_WRITE_FAILED', `cannot write ${path}: ${messageOf(cause)}`, {
        subject: path,
        hint: 'Look at the disk and its file system (dmesg). The write is tried anew with the next request.',
        cause,
      });
}
