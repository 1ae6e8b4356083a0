import { constants } from 'node:fs';
import { chmod, copyFile, lchown, link, lstat, open, rename, unlink, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makePrivateFolder, renameWithoutReplacing, syncFolder, systemCode } from '../../../base/index.ts';
import { writeFailed } from '../../../host/index.ts';
import { RecoveryError } from '../errors.ts';

/**
 * Renames a file, link or folder, durably, and never onto anything that is there. Called again after it was done, or after
 * a crash in its midst, it does what is left to do.
 *
 * @throws RecoveryError RECOVERY_STATE_UNEXPECTED where neither or both are there; HostError HOST_WRITE_FAILED
 */
export async function moveOnce(from: string, to: string): Promise<void> {
  const [source, target] = [await status(from), await status(to)];
  if (source === undefined && target !== undefined) return;
  if (source === undefined) throw unexpected(from, `neither ${from} nor ${to} is there`);
  if (target !== undefined) {
    // A file is renamed by giving it its second name first; a crash in between leaves both.
    if (source.isDirectory() || source.dev !== target.dev || source.ino !== target.ino) {
      throw unexpected(to, `${to} is there already, and so is ${from}`);
    }
    await unlink(from);
    await syncFolder(dirname(from));
    return;
  }
  try {
    await makePrivateFolder(dirname(to));
    if (source.isDirectory()) await rename(from, to);
    else await renameFile(from, to);
    await syncFolder(dirname(to));
    await syncFolder(dirname(from));
  } catch (error) {
    throw writeFailed(to, error);
  }
}

async function renameFile(from: string, to: string): Promise<void> {
  try {
    await renameWithoutReplacing(from, to);
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw error;
    await copyAcross(from, to);
    await unlink(from);
  }
}

/** To another file system: whole, with owner, mode and time, before it gets its name. */
async function copyAcross(from: string, to: string): Promise<void> {
  // The kubelet passes over names that begin with a dot (pkg/kubelet/config/file.go).
  const part = join(dirname(to), `.holdfast-${basename(to)}.part`);
  const stats = await lstat(from);
  await unlink(part).catch(() => undefined);
  await copyFile(from, part, constants.COPYFILE_EXCL);
  await lchown(part, stats.uid, stats.gid);
  await chmod(part, stats.mode & 0o7777);
  await utimes(part, stats.atime, stats.mtime);
  const handle = await open(part, 'r');
  await handle.sync().finally(() => handle.close());
  await link(part, to);
  await unlink(part);
}

async function status(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw writeFailed(path, error);
  }
}

function unexpected(path: string, what: string): RecoveryError {
  return new RecoveryError('RECOVERY_STATE_UNEXPECTED', what, {
    subject: path,
    hint: 'Somebody else has moved things meanwhile. Put them where the journal says, then continue or roll back.',
  });
}
