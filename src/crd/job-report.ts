import * as z from 'zod';

const wholeNumber = z.number().int().nonnegative();

const succeeded = z.object({
  outcome: z.literal('succeeded'),
  /** Below the root of the volume. */
  folder: z.string(),
  id: z.string(),
  /** Decimal. */
  revision: z.string().regex(/^\d+$/),
  hash: wholeNumber,
  totalKey: wholeNumber,
  snapshotBytes: wholeNumber,
  /** All files of the backup. */
  bytes: wholeNumber,
  seconds: z.number().nonnegative(),
  /** RFC 3339, UTC. */
  verifiedAt: z.iso.datetime(),
  forced: z.boolean(),
  /** How many. */
  warnings: wholeNumber,
  /** The file system that the backup lies on, after retention. */
  volume: z.object({ freeBytes: wholeNumber, totalBytes: wholeNumber }).optional(),
  /** The first of the certificates that were used or saved runs out then. RFC 3339, UTC. */
  certificatesExpireAt: z.iso.datetime().optional(),
  /** After retention, where one was asked for; of this series alone. */
  kept: z.object({ backups: wholeNumber, bytes: wholeNumber, removed: wholeNumber, failed: wholeNumber }).optional(),
});

const failed = z.object({
  outcome: z.literal('failed'),
  /** A code of some folder's error table. */
  code: z.string().min(1),
  message: z.string(),
  hint: z.string(),
  /** Codes of what was found wrong before the start, as in `BACKUP_NO_ROOM`. */
  findings: z.array(z.string()).optional(),
});

export const jobReportSchema = z.discriminatedUnion('outcome', [succeeded, failed]);

/** How the work of a backup's pod ended, as it tells the operator by its termination message. */
export type JobReport = z.infer<typeof jobReportSchema>;
export type SucceededReport = z.infer<typeof succeeded>;
export type FailedReport = z.infer<typeof failed>;

/** What Kubernetes keeps of a termination message, in bytes (pkg/kubelet/container, MaxContainerTerminationMessageLength). */
export const LONGEST_REPORT_BYTES = 4096;
/** Bounds a text whose characters all take six bytes (`\u0000`) so that three of them and their names still fit. */
const SHORTEST_TEXT = 150;
const MOST_FINDINGS = 4;
const LONGEST_CODE = 40;

/**
 * A report as JSON of at most {@link LONGEST_REPORT_BYTES} bytes: the texts of a failure are cut where they are too long.
 * Throws TypeError for a success that does not fit: its folder and id are names of files, which are short.
 */
export function encodeJobReport(report: JobReport): string {
  for (let longest = LONGEST_REPORT_BYTES; longest >= SHORTEST_TEXT; longest = Math.floor(longest * 0.75)) {
    const encoded = JSON.stringify(report.outcome === 'failed' ? withTexts(report, longest) : report);
    if (Buffer.byteLength(encoded) <= LONGEST_REPORT_BYTES) return encoded;
  }
  throw new TypeError(`report: expected at most ${LONGEST_REPORT_BYTES} bytes`);
}

function withTexts(report: FailedReport, longest: number): FailedReport {
  return {
    outcome: 'failed',
    code: cut(report.code, SHORTEST_TEXT),
    message: cut(report.message, longest),
    hint: cut(report.hint, longest),
    ...(report.findings && {
      findings: report.findings.slice(0, MOST_FINDINGS).map((code) => cut(code, LONGEST_CODE)),
    }),
  };
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** The report in a termination message; undefined where there is none that can be read. */
export function parseJobReport(text: string | undefined): JobReport | undefined {
  if (text === undefined) return undefined;
  try {
    return jobReportSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
