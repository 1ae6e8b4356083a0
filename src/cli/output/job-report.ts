import { writeFile } from 'node:fs/promises';
import { HoldfastError, messageOf, PRIVATE_FILE_MODE } from '../../base/index.ts';
import { encodeJobReport, type JobReport } from '../../crd/index.ts';
import type { BackupReport } from '../../operations/index.ts';

/**
 * Runs a verb and leaves what became of it for whoever started the Job, also where it fails.
 *
 * The file is written in place: the termination message of a container is a mount, which no rename can replace.
 */
export async function reporting<T>(
  path: string | undefined,
  work: () => Promise<T>,
  describe: (result: T) => JobReport,
): Promise<T> {
  if (path === undefined) return work();
  const write = (report: JobReport): Promise<void> =>
    writeFile(path, encodeJobReport(report), { mode: PRIVATE_FILE_MODE });
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await write(describeFailure(error));
    throw error;
  }
  await write(describe(result));
  return result;
}

export function describeFailure(error: unknown): JobReport {
  const known = error instanceof HoldfastError ? error : undefined;
  return {
    outcome: 'failed',
    code: known === undefined ? 'INTERNAL' : String(known.code),
    message: messageOf(error),
    hint: known?.hint ?? '',
  };
}

export function describeBackup(report: BackupReport): JobReport {
  const { manifest, retention } = report;
  const { revision, hash, totalKey, size } = manifest.snapshot;
  return {
    outcome: 'succeeded',
    folder: report.subfolder ?? '',
    id: report.id,
    revision: revision.toString(),
    hash,
    totalKey,
    snapshotBytes: size,
    bytes: report.bytes,
    seconds: Math.round(report.durationMs) / 1000,
    verifiedAt: (manifest.verified?.at ?? manifest.created).toISOString(),
    forced: manifest.dirty.length > 0,
    warnings: report.findings.filter(({ severity }) => severity !== 'note').length,
    ...(report.volume && { volume: report.volume }),
    ...(manifest.certificates && { certificatesExpireAt: manifest.certificates.earliestExpiry.toISOString() }),
    ...(retention && {
      kept: {
        backups: retention.kept.length,
        bytes: retention.kept.reduce((total, { bytes }) => total + bytes, 0),
        removed: retention.removed.length,
        failed: retention.failed.length,
      },
    }),
  };
}
