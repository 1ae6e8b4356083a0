import { rm } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import { makeTemporaryFolder } from './temporary-place.ts';

/** Makes an empty folder, mode 0700, that is removed when the running test has finished. */
export async function temporaryFolder(): Promise<string> {
  const folder = await makeTemporaryFolder();
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
