/** How much a finding weighs: an `error` makes the examined thing bad, a `warning` does not, a `note` is only worth knowing. */
export type Severity = 'error' | 'warning' | 'note';

/** One thing that an examination found. Checks report all of them, not the first. */
export interface Finding {
  readonly severity: Severity;
  /** Stable, upper case; documented in docs/errors.md. */
  readonly code: string;
  /** Where: a path, `page 17`, `bucket "key"`, an endpoint. */
  readonly where: string;
  /** One sentence that names the object and what is wrong with it. */
  readonly message: string;
  /** What to do about it, where there is something to do. */
  readonly hint?: string | undefined;
}

export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error');
}
