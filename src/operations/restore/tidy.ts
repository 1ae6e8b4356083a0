import { rmdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { onDisk } from './actions/index.ts';
import type { Plan } from './journal-schema.ts';

/**
 * Removes the working folders of a restore that has ended, as far as they are empty; what is kept in them stays. That this
 * fails is no failure of the restore.
 */
export async function removeEmptyWorkFolders(plan: Plan, hostRoot: string): Promise<void> {
  const folders = new Set(plan.steps.flatMap(({ action }) => workFoldersOf(textsIn(action), plan.id)));
  const deepestFirst = [...folders].sort((a, b) => b.length - a.length);
  for (const folder of deepestFirst) await rmdir(onDisk({ hostRoot }, folder)).catch(() => undefined);
}

/** Every text in a value, however deep. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Every folder on the way from a restore's working folder down to a path. */
function workFoldersOf(paths: readonly string[], id: string): readonly string[] {
  const mark = `/.holdfast-${id}`;
  return paths.flatMap((path) => {
    const at = path.indexOf(mark);
    const folders: string[] = [];
    if (at < 0) return folders;
    for (let folder = path; folder.length >= at + mark.length; folder = posix.dirname(folder)) folders.push(folder);
    return folders;
  });
}
