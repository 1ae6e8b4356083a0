import type { StoredFile } from '../store/index.ts';
import { formatBackupId, parseBackupFileName, type FileKind } from './names.ts';

/** The files of one folder that share a timestamp and the dirty marker, or its absence. */
export interface FileGroup {
  /** The backup's id; see `Backup.id`. */
  readonly id: string;
  readonly folder: string;
  /** The sub-folder's name; absent where the files lie in the repository's root. */
  readonly subfolder: string | undefined;
  readonly timestamp: string;
  readonly dirty: boolean;
  /** Files with their final names. */
  readonly final: Readonly<Partial<Record<FileKind, StoredFile>>>;
  /** Files that still have their `.part` names. */
  readonly parts: Readonly<Partial<Record<FileKind, StoredFile>>>;
}

interface GrowingGroup extends FileGroup {
  readonly final: Partial<Record<FileKind, StoredFile>>;
  readonly parts: Partial<Record<FileKind, StoredFile>>;
}

/** Sorts a repository's files into groups, one a backup; files with other names are no backup's and are left out. */
export function groupFiles(files: readonly StoredFile[]): FileGroup[] {
  const groups = new Map<string, GrowingGroup>();
  for (const file of files) {
    const name = parseBackupFileName(file.name);
    if (name === undefined) continue;
    const id = formatBackupId(name.timestamp, name.dirty, file.subfolder);
    let group = groups.get(id);
    if (group === undefined) {
      const { timestamp, dirty } = name;
      group = { id, folder: file.folder, subfolder: file.subfolder, timestamp, dirty, final: {}, parts: {} };
      groups.set(id, group);
    }
    (name.part ? group.parts : group.final)[name.kind] = file;
  }
  return [...groups.values()];
}
