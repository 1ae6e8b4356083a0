import { join } from 'node:path';
import { scanRepository, type Backup } from '../../backup/index.ts';
import type { Surroundings } from '../surroundings.ts';
import { verifyBackup } from '../verify-backup.ts';
import type { BackupReport, BackupRequest } from './backup-request.ts';

/**
 * The backup that an earlier run took for the same custom resource. A run that is killed after its last rename cannot report
 * any more; whoever started it will start another, and one request must give one backup.
 *
 * It is read back in full: its files have been out of our hands since. One that is not good any more does not count.
 */
export async function findEarlier(
  { folder, resourcesDir, resource }: BackupRequest,
  surroundings: Surroundings,
): Promise<Omit<BackupReport, 'folder' | 'retention' | 'volume' | 'durationMs'> | undefined> {
  const uid = resource?.uid;
  if (uid === undefined) return undefined;
  const { backups } = await scanRepository(folder, { resourcesDir, signal: surroundings.signal });
  for (const backup of backups) {
    if (backup.manifest?.resource?.uid !== uid || !(backup.state === 'good' || backup.state === 'dirty')) continue;
    const { good, findings } = await verifyBackup(backup, surroundings);
    if (!good) continue;
    surroundings.log.info(`${join(folder, backup.id)} was taken for this resource before, and is good`);
    return describe(backup, backup.manifest, findings);
  }
  return undefined;
}

function describe(
  backup: Backup,
  manifest: NonNullable<Backup['manifest']>,
  findings: BackupReport['findings'],
): Omit<BackupReport, 'folder' | 'retention' | 'volume' | 'durationMs'> {
  const path = (kind: 'snapshot' | 'resources' | 'manifest'): string | undefined =>
    backup.files.find((file) => file.kind === kind)?.path;
  return {
    id: backup.id,
    subfolder: backup.subfolder,
    files: { snapshot: path('snapshot') ?? '', resources: path('resources'), manifest: path('manifest') ?? '' },
    staticPods: [],
    manifest,
    bytes: backup.bytes,
    isRepeated: true,
    findings,
  };
}
