export type ArchiveEntryType = 'file' | 'hard-link' | 'symlink' | 'folder' | 'other';

/** One entry of an archive, as its headers say. */
export interface ArchiveEntry {
  /** Without a leading `./` and a trailing slash. */
  readonly name: string;
  readonly type: ArchiveEntryType;
  /** Bytes of content; 0 for links and folders. */
  readonly size: number;
  /** Permission bits with set-user-id, set-group-id and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** The target of a link. */
  readonly linkName?: string | undefined;
}
