import { formatBytes, type Finding } from '../../../base/index.ts';
import { freeSpace, sameFileSystem } from '../../../store/index.ts';

/** What a backup will need, in bytes. */
export interface SpaceNeed {
  /** The member's whole database file, free pages included: the stream carries it so. */
  readonly snapshotBytes: number;
  /** The static pod resources before compression, or 0. */
  readonly resourcesBytes: number;
}

/** Room beyond the estimate: the database grows while it is streamed, and file systems need some for themselves. */
const SLACK_BYTES = 16 * 1024 * 1024;
const SLACK_SHARE = 0.02;

export interface RoomShort {
  readonly folder: string;
  readonly neededBytes: number;
  readonly freeBytes: number;
}

/** Which folders have too little room for what will be written to them; empty when all have enough. */
export async function findShortRoom(
  folder: string,
  resourcesDir: string,
  need: SpaceNeed,
): Promise<readonly RoomShort[]> {
  const together = await sameFileSystem(folder, resourcesDir);
  const wanted = together
    ? [{ folder, bytes: need.snapshotBytes + need.resourcesBytes }]
    : [
        { folder, bytes: need.snapshotBytes },
        { folder: resourcesDir, bytes: need.resourcesBytes },
      ];
  const short: RoomShort[] = [];
  for (const { folder: place, bytes } of wanted) {
    const neededBytes = Math.ceil(bytes * (1 + SLACK_SHARE)) + SLACK_BYTES;
    const freeBytes = await freeSpace(place);
    if (freeBytes < neededBytes) short.push({ folder: place, neededBytes, freeBytes });
  }
  return short;
}

export function noRoom({ folder, neededBytes, freeBytes }: RoomShort): Finding {
  return {
    severity: 'error',
    code: 'BACKUP_NO_ROOM',
    where: folder,
    message: `the file system of ${folder} has ${formatBytes(freeBytes)} free; the backup needs about ${formatBytes(neededBytes)}`,
    hint: 'Free some space, choose another folder, or let --retain-number or --retain-size-gb remove old backups first.',
  };
}
