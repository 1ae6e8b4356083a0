import type { Finding, Severity } from '../base/index.ts';

/** What can be wrong with a bolt file, by code. */
export const boltFindings = {
  BOLT_META_DAMAGED: 'One of the two meta pages is damaged; the other one was used.',
  BOLT_META_MISSING: 'Neither meta page is intact: the file is no bolt file, or its start is destroyed.',
  BOLT_META_IMPLAUSIBLE: 'A meta page is intact but says what no bolt file can hold.',
  BOLT_TRUNCATED: 'The file is shorter than its meta page says.',
  BOLT_PAGE_OUT_OF_RANGE: 'A reference points to a page that a tree cannot hold: a meta page, or one beyond the last.',
  BOLT_PAGE_ID: 'A page does not carry its own number.',
  BOLT_PAGE_TYPE: 'A page is of another type than its place requires.',
  BOLT_PAGE_SHARED: 'A page is referred to more than once.',
  BOLT_PAGE_LOST: 'A page is neither used nor free.',
  BOLT_PAGE_FREED: 'A page is used and free at the same time.',
  BOLT_PAGE_OVERFLOW: 'A page claims more room than the file has, or than any page needs.',
  BOLT_BRANCH_EMPTY: 'A branch page has no children.',
  BOLT_ELEMENT_MISPLACED: 'An element of a page does not lie where elements are written.',
  BOLT_ELEMENT_MALFORMED: 'An element of a page has an empty key or unknown flags.',
  BOLT_KEY_ORDER: 'Keys are not in ascending order.',
  BOLT_KEY_BOUNDS: "A page's keys lie outside the range that its parent gives it.",
  BOLT_BUCKET_MALFORMED: "A bucket's header or inline page is malformed.",
  BOLT_TOO_DEEP: 'A tree or a nesting of buckets is deeper than any real one.',
  BOLT_FREELIST: 'The list of free pages is malformed.',
} as const;

export type BoltFindingCode = keyof typeof boltFindings;

/** A finding that makes the file bad. */
export function damage(code: BoltFindingCode, where: string, message: string, hint?: string): Finding {
  return { severity: 'error', code, where, message, ...(hint === undefined ? {} : { hint }) };
}

/** Findings of one kind that were counted but not kept. */
interface Surplus {
  readonly code: string;
  readonly severity: Severity;
  readonly count: number;
}

/** A {@link FindingList} as plain data, for a worker thread's answer. */
export interface FindingRecord {
  readonly kept: readonly Finding[];
  readonly surplus: readonly Surplus[];
}

const KEPT_PER_CODE = 20;

/**
 * Collects findings in bounded memory: the first of each code are kept, the rest are counted, so that ten thousand
 * findings of one kind do not hide the only one of another.
 */
export class FindingList {
  readonly #kept: Finding[] = [];
  readonly #counts = new Map<string, { severity: Severity; kept: number; surplus: number }>();

  add(finding: Finding): void {
    const count = this.#countOf(finding.code, finding.severity);
    if (count.kept < KEPT_PER_CODE) {
      count.kept++;
      this.#kept.push(finding);
    } else {
      count.surplus++;
    }
  }

  /** Adds what another list (another thread's) has found. */
  absorb(record: FindingRecord): void {
    for (const finding of record.kept) this.add(finding);
    for (const { code, severity, count } of record.surplus) this.#countOf(code, severity).surplus += count;
  }

  get record(): FindingRecord {
    const surplus = [...this.#counts].filter(([, count]) => count.surplus > 0);
    return {
      kept: [...this.#kept],
      surplus: surplus.map(([code, count]) => ({ code, severity: count.severity, count: count.surplus })),
    };
  }

  /** The findings for a reader: those kept, and one for each code that tells how many more there are. */
  get report(): readonly Finding[] {
    const { kept, surplus } = this.record;
    const rest = surplus.map(({ code, severity, count }): Finding => ({
      severity,
      code,
      where: 'the whole file',
      message: `${count} more findings of this kind are not listed`,
    }));
    return [...kept, ...rest];
  }

  #countOf(code: string, severity: Severity): { severity: Severity; kept: number; surplus: number } {
    let count = this.#counts.get(code);
    if (count === undefined) {
      count = { severity, kept: 0, surplus: 0 };
      this.#counts.set(code, count);
    } else if (severity === 'error') {
      count.severity = severity;
    }
    return count;
  }
}
