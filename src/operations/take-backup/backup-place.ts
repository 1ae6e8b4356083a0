import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { formatBackupFileName, formatBackupFolderName, formatBackupId, type FileKind } from '../../backup/index.ts';
import { makePrivateFolder } from '../../base/index.ts';
import { removeEmptyFolder, storageError } from '../../store/index.ts';
import type { BackupReport, BackupRequest } from './backup-request.ts';
import { chooseTimestamp } from './timestamp.ts';
import type { Surroundings } from '../surroundings.ts';

/** Where a backup's files will lie, and under which names. */
export interface BackupPlace {
  readonly id: string;
  readonly timestamp: string;
  readonly created: Date;
  readonly subfolder: string | undefined;
  readonly files: BackupReport['files'];
}

/** Names of files may have 255 bytes; `backup-`, the timestamp and a digest take some. */
const MAX_NAME = 200;

/** Chooses names that nothing has yet. Makes no file. */
export async function choosePlace(
  { folder, resourcesDir, resource }: BackupRequest,
  { dirty, withResources }: { readonly dirty: boolean; readonly withResources: boolean },
  surroundings: Surroundings,
): Promise<BackupPlace> {
  const subfolderAt = (timestamp: string): string | undefined =>
    resource && formatBackupFolderName({ name: shortened(resource.name), timestamp });
  const folderAt = (timestamp: string): string => join(folder, subfolderAt(timestamp) ?? '');
  const { timestamp, created } = await chooseTimestamp(
    (each) => [folderAt(each), resourcesDir ?? folderAt(each)],
    dirty,
    surroundings,
  );
  const inside = folderAt(timestamp);
  const name = (kind: FileKind): string => formatBackupFileName(kind, timestamp, dirty);
  return {
    id: formatBackupId(timestamp, dirty, subfolderAt(timestamp)),
    timestamp,
    created,
    subfolder: subfolderAt(timestamp),
    files: {
      snapshot: join(inside, name('snapshot')),
      resources: withResources ? join(resourcesDir ?? inside, name('resources')) : undefined,
      manifest: join(inside, name('manifest')),
    },
  };
}

/** Makes the sub-folder, where the place has one. Throws StoreError. */
export async function openPlace({ files, subfolder }: BackupPlace): Promise<void> {
  if (subfolder === undefined) return;
  const path = dirname(files.snapshot);
  try {
    await makePrivateFolder(path);
  } catch (error) {
    throw storageError(error, path);
  }
}

/** Takes the sub-folder back after a run that left nothing in it. */
export async function leavePlace({ files, subfolder }: BackupPlace): Promise<void> {
  if (subfolder !== undefined) await removeEmptyFolder(dirname(files.snapshot));
}

/** A Kubernetes name may be longer than a file's; the digest keeps two long ones apart. */
function shortened(name: string): string {
  if (name.length <= MAX_NAME) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, MAX_NAME - 9).replace(/[^a-z0-9]+$/, '')}-${digest}`;
}
