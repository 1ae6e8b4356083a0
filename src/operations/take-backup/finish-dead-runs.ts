import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  findUnfinished,
  finishPublish,
  parseBackupFolderName,
  type PublishStep,
  type UnfinishedPublish,
} from '../../backup/index.ts';
import { removeEmptyFolder, removeFile, storageError } from '../../store/index.ts';
import type { Surroundings } from '../surroundings.ts';

/**
 * Ends what killed runs left in a repository: a backup that was complete but for its renames is checked and finished,
 * everything else of theirs is removed. Call it only while holding the repository's lock.
 */
export async function finishDeadRuns(
  { folder, resourcesDir }: { readonly folder: string; readonly resourcesDir: string | undefined },
  { log, signal }: Pick<Surroundings, 'log' | 'signal'>,
): Promise<void> {
  const { discard, complete, findings } = await findUnfinished(folder, { resourcesDir, signal });
  for (const { message } of findings) log.info(message);
  for (const path of discard) {
    log.info(`removing ${path}, which a run that was killed left behind`);
    await removeFile(path);
    await leaveSubfolder(path, folder);
  }
  for (const unfinished of complete) {
    if (await isIntact(unfinished, signal)) {
      log.info(`finishing the backup ${unfinished.id}, whose run was killed while it gave the files their names`);
      await finishPublish(unfinished);
    } else {
      log.warn(
        `removing what is left of the backup ${unfinished.id}: its files are not those that its manifest describes`,
      );
      for (const path of unfinished.discard) await removeFile(path);
      await leaveSubfolder(unfinished.steps[0]?.finalPath ?? '', folder);
    }
  }
}

/** Removes the folder that a custom resource's backup had for itself, once nothing is left in it. */
async function leaveSubfolder(path: string, repository: string): Promise<void> {
  const subfolder = dirname(path);
  if (dirname(subfolder) !== repository || parseBackupFolderName(basename(subfolder)) === undefined) return;
  await removeEmptyFolder(subfolder);
}

async function isIntact({ steps }: UnfinishedPublish, signal: AbortSignal): Promise<boolean> {
  for (const step of steps)
    if (step.sha256 !== undefined && (await sha256Of(pathOf(step), signal)) !== step.sha256) return false;
  return true;
}

function pathOf({ stage, partPath, finalPath }: PublishStep): string {
  return stage === 'part' ? partPath : finalPath;
}

async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw storageError(error, path);
  }
  return hash.digest('hex');
}
