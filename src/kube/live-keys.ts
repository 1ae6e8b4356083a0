import type { EncryptedGroup } from './census.ts';
import { isEncrypted, parseEncryptionHeader } from './encryption-header.ts';

/** More keys than any control plane has encrypted objects of one resource; beyond it the check says it is not complete. */
const MAX_KEYS = 100_000;
/** The key's last value carries none of the missing keys, or it was deleted. */
const CLEAN = -1;

/** What {@link LiveKeyCheck} saw in one part of the key space; plain data. */
export interface LiveKeyResult {
  /** By etcd key: the index of the missing group that its last value belongs to, or -1. */
  readonly last: ReadonlyMap<string, number>;
  /** False where there were more keys than are remembered. */
  readonly complete: boolean;
}

/**
 * A second pass over the key space, for when keys are missing: only values that are live must be decryptable, and a
 * value that a later revision replaced or deleted is not. Fits the visitor of `snapshot`.
 */
export class LiveKeyCheck {
  readonly #missing: readonly { readonly prefix: Buffer; readonly group: EncryptedGroup }[];
  readonly #last = new Map<string, number>();
  #complete = true;

  /** @param missing - from `missingKeys`; its order gives results their meaning */
  constructor(missing: readonly EncryptedGroup[]) {
    this.#missing = missing.map((group) => ({ prefix: Buffer.from(group.keyPrefix), group }));
  }

  /** See `EntryVisitor` of `snapshot`. */
  visit(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    _revision: number,
    tombstone: boolean,
  ): void {
    if (!this.#missing.some(({ prefix }) => startsWith(bytes, keyStart, keyEnd, prefix))) return;
    const key = bytes.toString('utf8', keyStart, keyEnd);
    if (this.#last.size >= MAX_KEYS && !this.#last.has(key)) {
      this.#complete = false;
      return;
    }
    this.#last.set(key, tombstone ? CLEAN : this.#groupOf(bytes, keyStart, keyEnd, valueStart, valueEnd));
  }

  /** What was seen. */
  result(): LiveKeyResult {
    return { last: this.#last, complete: this.#complete };
  }

  #groupOf(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): number {
    if (!isEncrypted(bytes, valueStart, valueEnd)) return CLEAN;
    const header = parseEncryptionHeader(bytes, valueStart, valueEnd);
    return this.#missing.findIndex(
      ({ prefix, group }) =>
        group.provider === header?.provider &&
        group.keyName === header.keyName &&
        startsWith(bytes, keyStart, keyEnd, prefix),
    );
  }
}

/** Joins the results of parts of one key space, given in the order of their revisions. */
export function joinLiveKeys(results: readonly LiveKeyResult[]): LiveKeyResult {
  const last = new Map<string, number>();
  for (const part of results) for (const [key, group] of part.last) last.set(key, group);
  return { last, complete: results.every(({ complete }) => complete) };
}

/**
 * The missing groups that live values need, each with the number of live values and one of their keys. Where there
 * were too many keys to remember all, every group counts as live, since nothing proves the opposite.
 */
export function liveMissingKeys(missing: readonly EncryptedGroup[], result: LiveKeyResult): EncryptedGroup[] {
  if (!result.complete) return [...missing];
  const live = new Map<number, { count: number; sample: string }>();
  for (const [key, index] of result.last) {
    const known = live.get(index);
    if (known === undefined) live.set(index, { count: 1, sample: key });
    else known.count++;
  }
  return missing.flatMap((group, index) => {
    const found = live.get(index);
    return found === undefined ? [] : [{ ...group, ...found }];
  });
}

function startsWith(bytes: Buffer, start: number, end: number, head: Buffer): boolean {
  return end - start >= head.length && bytes.compare(head, 0, head.length, start, start + head.length) === 0;
}
