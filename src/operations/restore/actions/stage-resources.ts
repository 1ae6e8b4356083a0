import { constants } from 'node:fs';
import { copyFile, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makePrivateFolder, syncFolder } from '../../../base/index.ts';
import { extractArchive, writeFailed } from '../../../host/index.ts';
import type { ActionOf } from '../step.ts';
import { onDisk, type ActionContext } from './context.ts';

/** Unpacks what the plan names of the archive, each unit under its own name beside its later place. Begins anew each time. */
export async function stageResources(action: ActionOf<'stage-resources'>, context: ActionContext): Promise<void> {
  await unstageResources(action, context);
  const { progress, signal } = context.surroundings;
  const stage = progress.begin(`static pod resources from ${action.archive}`);
  try {
    await extractArchive(action.archive, {
      units: action.units.map(({ member, to }) => ({ member, diskPath: onDisk(context, to) })),
      signal,
      onBytes: (bytes) => stage.advance(bytes),
    });
    for (const { from, to } of action.copies) await copy(onDisk(context, from), onDisk(context, to));
  } finally {
    stage.end();
  }
}

/** Removes the copies that were unpacked; what has been moved into place is not among them any more. */
export async function unstageResources(action: ActionOf<'stage-resources'>, context: ActionContext): Promise<void> {
  for (const { to } of [...action.units, ...action.copies]) {
    try {
      await rm(onDisk(context, to), { recursive: true, force: true });
    } catch (error) {
      throw writeFailed(to, error);
    }
  }
}

async function copy(from: string, to: string): Promise<void> {
  try {
    await makePrivateFolder(dirname(to));
    await copyFile(from, to, constants.COPYFILE_EXCL);
    const handle = await open(to, 'r');
    await handle.sync().finally(() => handle.close());
    await syncFolder(dirname(to));
  } catch (error) {
    throw writeFailed(to, error);
  }
}
