import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder, systemCode } from '../../base/index.ts';
import { placeOnHost } from '../../host/index.ts';
import { acquireLock, storageError, type Lock } from '../../store/index.ts';
import type { Surroundings } from '../surroundings.ts';
import { JOURNAL_NAME, readJournal, type JournalFacts } from './journal.ts';

/** Where every restore of a host has its folder: the journal, and what was moved away. */
export const RESTORES_FOLDER = '/var/lib/holdfast/restores';

/** The host path of one restore's folder. */
export function restoreFolderOf(id: string): string {
  return `${RESTORES_FOLDER}/${id}`;
}

/** Keeps a second restore of this host away. Throws StoreError `STORE_LOCKED`. */
export async function lockRestores(
  hostRoot: string,
  { clock, signal }: Pick<Surroundings, 'clock' | 'signal'>,
): Promise<Lock> {
  const { diskPath } = await placeOnHost(hostRoot, RESTORES_FOLDER);
  try {
    await makePrivateFolder(diskPath);
  } catch (error) {
    throw storageError(error, diskPath);
  }
  return acquireLock(join(diskPath, '.lock'), { purpose: `holdfast restore of ${hostRoot}`, clock, signal });
}

/**
 * The journals of a host, oldest first: their ids begin with the time.
 *
 * @throws RecoveryError RECOVERY_JOURNAL_UNREADABLE, StoreError
 */
export async function findJournals(hostRoot: string): Promise<readonly JournalFacts[]> {
  const { diskPath } = await placeOnHost(hostRoot, RESTORES_FOLDER);
  const journals: JournalFacts[] = [];
  for (const name of (await list(diskPath)).sort()) {
    const path = join(diskPath, name, JOURNAL_NAME);
    if (!(await list(join(diskPath, name))).includes(JOURNAL_NAME)) continue;
    const facts = await readJournal(path);
    if (facts !== undefined) journals.push(facts);
  }
  return journals;
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw storageError(error, folder);
  }
}
