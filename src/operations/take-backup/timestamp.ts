import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBackupFileName, formatTimestamp } from '../../backup/index.ts';
import { delay, PART_SUFFIX, systemCode } from '../../base/index.ts';
import { storageError } from '../../store/index.ts';
import type { Surroundings } from '../surroundings.ts';

const KINDS = ['snapshot', 'resources', 'manifest'] as const;

/**
 * The timestamp that the files will share: this moment in local time. Where the name is taken (a run in the same
 * second, or the hour that comes twice in autumn), the next second is waited for.
 *
 * @param folders - where files of that timestamp would lie
 */
export async function chooseTimestamp(
  folders: (timestamp: string) => readonly string[],
  dirty: boolean,
  { clock, signal }: Surroundings,
): Promise<{ readonly timestamp: string; readonly created: Date }> {
  for (;;) {
    const created = clock.now();
    const timestamp = formatTimestamp(created);
    const names = KINDS.map((kind) => formatBackupFileName(kind, timestamp, dirty));
    const paths = folders(timestamp).flatMap((folder) =>
      names.flatMap((name) => [join(folder, name), join(folder, name + PART_SUFFIX)]),
    );
    const taken = await Promise.all(paths.map(isTaken));
    if (!taken.includes(true)) return { timestamp, created };
    await delay(1000 - created.getMilliseconds(), signal);
  }
}

async function isTaken(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw storageError(error, path);
  }
}
