import { scanRepository, type Backup } from '../backup/index.ts';
import type { Finding } from '../base/index.ts';
import type { Surroundings } from './surroundings.ts';

export interface ListRequest {
  /** The repository. */
  readonly folder: string;
  /** Where archives lie that are not beside their snapshots. */
  readonly resourcesDir: string | undefined;
}

export interface Listing {
  readonly folder: string;
  /** Newest first. */
  readonly backups: readonly Backup[];
  /** What could not be looked into. */
  readonly findings: readonly Finding[];
}

/** Lists a repository without reading its large files. Throws StoreError if the folder cannot be read. */
export async function listBackups(request: ListRequest, surroundings: Pick<Surroundings, 'signal'>): Promise<Listing> {
  const { backups, findings } = await scanRepository(request.folder, {
    resourcesDir: request.resourcesDir,
    signal: surroundings.signal,
  });
  return { folder: request.folder, backups, findings };
}
