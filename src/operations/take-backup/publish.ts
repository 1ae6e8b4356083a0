import { encodeManifest, type Manifest } from '../../backup/index.ts';
import { PartFile } from '../../base/index.ts';
import { storageError } from '../../store/index.ts';

export interface PublishRequest {
  /** The snapshot, then the resources; sealed: their bytes are on the disk. */
  readonly parts: readonly PartFile[];
  /** The manifest's final path. */
  readonly manifestPath: string;
  readonly manifest: Manifest;
}

/**
 * A failure after the backup was committed. Its `.part` files must stay: they are whole, and the next run gives them
 * their names. `cause` is the failure itself.
 */
export class CommittedError extends Error {}

/**
 * Gives a verified backup its final names. The manifest's `.part` is the commit: once it is on the disk the backup is
 * whole, and a run that is killed during the renames is ended by the next one (`finishDeadRuns`). Snapshot first,
 * manifest last, so that whatever has a final name at any moment can be restored.
 *
 * @throws StoreError before the commit, with nothing of the manifest left; CommittedError after it
 */
export async function publish({ parts, manifestPath, manifest }: PublishRequest): Promise<void> {
  const file = await commit(manifestPath, manifest);
  try {
    for (const part of parts) await part.publish();
    await file.publish();
  } catch (error) {
    throw new CommittedError('the backup is whole, but its files could not be renamed', {
      cause: storageError(error, manifestPath),
    });
  }
}

async function commit(path: string, manifest: Manifest): Promise<PartFile> {
  try {
    const file = await PartFile.create(path);
    try {
      await file.handle.writeFile(encodeManifest(manifest));
      await file.seal();
      return file;
    } catch (error) {
      await file.discard();
      throw error;
    }
  } catch (error) {
    throw storageError(error, path);
  }
}
