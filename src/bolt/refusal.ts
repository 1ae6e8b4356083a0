import type { FindingList } from './findings.ts';
import { BoltError } from './errors.ts';

/**
 * Ends a write transaction if what it has read is damaged. Warnings pass: a torn meta page is what a crash leaves.
 *
 * @throws BoltError `BOLT_DAMAGED`
 */
export function refuseDamage(findings: FindingList): void {
  const worst = findings.report.find(({ severity }) => severity === 'error');
  if (worst !== undefined) throw damaged(worst.message, worst.where);
}

/** The refusal to change a damaged file. */
export function damaged(message: string, where: string): BoltError {
  return new BoltError('BOLT_DAMAGED', `the bolt file is damaged: ${message}`, {
    hint: 'Nothing was written. Check the whole file, and use another copy or backup of it.',
    subject: where,
  });
}
