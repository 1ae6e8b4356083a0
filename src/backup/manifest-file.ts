import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { storageError } from '../store/index.ts';
import type { FileGroup } from './groups.ts';
import { decodeManifest, MAX_MANIFEST_BYTES, type Manifest } from './manifest.ts';
import { formatBackupFileName } from './names.ts';

/**
 * Reads a manifest from disk, at most 1 MiB of it, and no symbolic link.
 *
 * @throws StoreError if the file cannot be read; BackupError if it is no manifest
 */
export async function readManifest(path: string): Promise<Manifest> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.min(size, MAX_MANIFEST_BYTES + 1));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return decodeManifest(bytes.subarray(0, bytesRead), path);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw storageError(error, path);
  }
}

/** What makes a manifest another backup's than the one whose name it bears; empty where it is this one's. */
export function strangeness(manifest: Manifest, group: Pick<FileGroup, 'timestamp' | 'dirty'>): string[] {
  const { timestamp, dirty } = group;
  const problems: string[] = [];
  if (manifest.timestamp !== timestamp) problems.push(`its manifest is that of ${manifest.timestamp}`);
  if (manifest.dirty.length > 0 !== dirty)
    problems.push(`its manifest says it was ${dirty ? 'not ' : ''}forced, its name says ${dirty ? 'it was' : 'not'}`);
  const expected = formatBackupFileName('snapshot', timestamp, dirty);
  if (manifest.snapshot.file !== expected)
    problems.push(`its manifest names the snapshot ${JSON.stringify(manifest.snapshot.file)}, expected ${expected}`);
  const archive = formatBackupFileName('resources', timestamp, dirty);
  if (manifest.resources !== undefined && manifest.resources.file !== archive)
    problems.push(`its manifest names the archive ${JSON.stringify(manifest.resources.file)}, expected ${archive}`);
  return problems;
}
