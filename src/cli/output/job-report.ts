import { writeFile } from 'node:fs/promises';
import { HoldfastError, messageOf, PRIVATE_FILE_MODE } from '../../base/index.ts';
import { encodeJobReport, type JobReport } from '../../crd/index.ts';
import type { BackupReport } from '../../operations/index.ts';
import { findingsOf } from './show-error.ts';

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
    // Why it failed is worth more than why that could not be written down.
    await write(describeFailure(error)).catch(() => undefined);
    throw error;
  }
  await write(describe(result));
  return result;
}

/** Whoever reads it does not see the log: what was found stands in the message, and what to do about it in the hint. */
export function describeFailure(error: unknown): JobReport {
  const known = error instanceof HoldfastError ? error : undefined;
  const errors = findingsOf(error).filter(({ severity }) => severity === 'error');
  const found = errors.map(({ message, code }) => `${message} [${code}]`).join('; ');
  const hints = [known?.hint, ...errors.map(({ hint }) => hint)].filter((hint) => hint !== undefined);
  return {
    outcome: 'failed',
    code: known === undefined ? 'INTERNAL' : String(known.code),
    message: found === '' ? messageOf(error) : `${messageOf(error)}: ${found}`,
    hint: [...new Set(hints)].join(' '),
    ...(errors.length > 0 && { findings: [...new Set(errors.map(({ code }) => code))] }),
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
