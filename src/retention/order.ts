/** What retention knows of a backup. Ids are unique in one list. */
export interface RetainedBackup {
  readonly id: string;
  /** When it was taken. One that lies in the future (the clock jumped) is simply the newest. */
  readonly created: Date;
  /** The sum of its files. */
  readonly bytes: number;
  /** Verified, complete and not forced: one that can be relied on. */
  readonly good: boolean;
}

/** The backups newest first; of equal times the greater id comes first, as ids begin with or end in a timestamp. */
export function newestFirst<B extends RetainedBackup>(backups: readonly B[]): B[] {
  refuseNonsense(backups);
  return backups.toSorted((a, b) => b.created.getTime() - a.created.getTime() || (a.id < b.id ? 1 : -1));
}

function refuseNonsense(backups: readonly RetainedBackup[]): void {
  const seen = new Set<string>();
  for (const { id, created, bytes } of backups) {
    if (seen.has(id)) throw new TypeError(`backups: the id ${JSON.stringify(id)} occurs twice`);
    seen.add(id);
    if (Number.isNaN(created.getTime())) throw new TypeError(`backups: ${id} has no valid creation time`);
    if (!(bytes >= 0)) throw new TypeError(`backups: ${id} has ${bytes} bytes, expected 0 or more`);
  }
}
