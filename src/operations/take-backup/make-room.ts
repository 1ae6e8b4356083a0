import { scanRepository, type Backup } from '../../backup/index.ts';
import type { Finding } from '../../base/index.ts';
import { planSpace, type RetentionPolicy } from '../../retention/index.ts';
import type { BackupSource } from './backup-source.ts';
import { findShortRoom, noRoom } from './checks/room.ts';
import { removeBackup } from '../prune-backups.ts';
import type { SnapshotOrigin } from './snapshot-origin.ts';
import type { Surroundings } from '../surroundings.ts';
import type { BackupRequest } from './backup-request.ts';
import { verifyBackup } from '../verify-backup.ts';

/** Static pod resources are some hundred certificates and manifests; this is far more than any host has. */
const RESOURCES_BYTES = 8 * 1024 * 1024;

export interface RoomRequest {
  readonly request: BackupRequest;
  readonly source: BackupSource;
  readonly origin: Pick<SnapshotOrigin, 'bytes'>;
  /** False while another check refuses: then nothing may be removed for a run that will not start. */
  readonly mayRemove: boolean;
}

/**
 * Makes sure that the backup has room. Where it has not, and a retention is asked for, backups are removed that this
 * run's retention would remove anyway, as few as are needed, and none at all if that would not be enough.
 *
 * @returns what is still short, as errors
 */
export async function makeRoom(room: RoomRequest, surroundings: Surroundings): Promise<readonly Finding[]> {
  const { folder, resourcesDir = folder, retention } = room.request;
  const need = { snapshotBytes: room.origin.bytes, resourcesBytes: room.source.withResources ? RESOURCES_BYTES : 0 };
  const short = await findShortRoom(folder, resourcesDir, need);
  const here = short.find((place) => place.folder === folder);
  if (here === undefined || retention === undefined || !room.mayRemove) return short.map(noRoom);
  await removeEarly(
    room.request,
    retention,
    { incomingBytes: need.snapshotBytes + need.resourcesBytes, lackingBytes: here.neededBytes - here.freeBytes },
    surroundings,
  );
  return (await findShortRoom(folder, resourcesDir, need)).map(noRoom);
}

async function removeEarly(
  { folder, resourcesDir, resource }: BackupRequest,
  policy: RetentionPolicy,
  { incomingBytes, lackingBytes }: { readonly incomingBytes: number; readonly lackingBytes: number },
  surroundings: Surroundings,
): Promise<void> {
  const { backups } = await scanRepository(folder, {
    resourcesDir,
    series: resource?.series,
    signal: surroundings.signal,
  });
  const isGood = ({ state }: Backup): boolean => state === 'good' || state === 'dirty';
  const known = backups.map((backup) => ({
    id: backup.id,
    created: backup.created,
    bytes: backup.bytes,
    good: isGood(backup),
  }));
  const { remove } = planSpace(policy, known, { bytes: incomingBytes }, lackingBytes);
  const successor = backups.find(isGood);
  // Nothing goes before the backup that stays in its place has been read back.
  if (remove.length === 0 || successor === undefined || !(await verifyBackup(successor, surroundings)).good) return;
  for (const { id, reason } of remove) {
    const backup = backups.find((each) => each.id === id);
    if (backup === undefined) continue;
    surroundings.log.warn(
      `the volume is short: removing the backup ${id} now, which this run's retention would remove anyway (${reason})`,
    );
    await removeBackup(backup, folder);
  }
}
