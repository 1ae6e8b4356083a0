import { formatBytes, type Finding } from '../../../base/index.ts';
import { freeSpace } from '../../../store/index.ts';
import { finding } from '../errors.ts';

/** etcd reserves its first log segment when it starts. */
const LOG_BYTES = 64_000_000;
const SLACK_BYTES = 16 * 1024 * 1024;

export interface RoomNeed {
  /** On this machine. */
  readonly folder: string;
  /** As the host names it. */
  readonly path: string;
  readonly bytes: number;
}

/** What the new data directory takes beside the old one. */
export function roomForData(folder: string, path: string, snapshotBytes: number): RoomNeed {
  return { folder, path, bytes: Math.ceil(snapshotBytes * 1.02) + LOG_BYTES + SLACK_BYTES };
}

export async function checkRoom(needs: readonly RoomNeed[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { folder, path, bytes } of needs) {
    const free = await freeSpace(folder);
    if (free >= bytes) continue;
    const message = `the file system of ${path} has ${formatBytes(free)} free; the new data needs about ${formatBytes(bytes)} beside the old`;
    const hint = `Free some space (df -h ${path}), or move older folders out of /var/lib/holdfast/restores.`;
    findings.push(finding('error', 'RECOVERY_NO_ROOM', path, message, hint));
  }
  return findings;
}
