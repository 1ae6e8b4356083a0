/**
 * What a failure asks of whoever meets it.
 *
 * - `transient`: the same call may succeed later; a retry is reasonable.
 * - `permanent`: the same input will fail again.
 * - `needs-user`: somebody has to change something first (a flag, a permission, free space).
 */
export type FailureKind = 'transient' | 'permanent' | 'needs-user';

/** One row of a folder's error table; `docs/errors.md` is checked against all tables by a test. */
export interface ErrorRow {
  readonly kind: FailureKind;
  /** One sentence: what this code means, whatever it happened to. */
  readonly meaning: string;
}

export type ErrorTable = Readonly<Record<string, ErrorRow>>;

export interface ErrorDetails {
  /** The next step for the user: one or two sentences, imperative, naming real paths, flags or commands. */
  readonly hint: string;
  /** The object it happened to: a path, an endpoint, a backup's name. Never a secret. */
  readonly subject?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The parent of every failure that Holdfast foresees. Each folder extends it once, with a table of its codes, so that
 * callers decide by `code` and `kind` and never by reading a message.
 */
export abstract class HoldfastError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly kind: FailureKind;
  readonly subject: string | undefined;
  readonly hint: string;

  /**
   * @param row - the code's row in its folder's table
   * @param code - stable, upper case, unique over all folders
   * @param message - one sentence that names the object; no trailing full stop needed
   */
  protected constructor(row: ErrorRow, code: Code, message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.kind = row.kind;
    this.subject = details.subject;
    this.hint = details.hint;
  }
}

/** The message of anything that was thrown, for use inside another message. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a Node system error (`ENOENT`, `ENOSPC` …), or undefined where there is none. */
export function systemCode(thrown: unknown): string | undefined {
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') return thrown.code;
  return undefined;
}
