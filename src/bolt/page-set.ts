/** A set of page numbers below a limit: one bit a page. */
export class PageSet {
  /** The bits, page 0 in the lowest of the first word. Plain data for a worker thread's answer. */
  readonly words: Uint32Array;
  readonly limit: number;

  /** @param limit - the first number that the set cannot hold */
  constructor(limit: number, words: Uint32Array = new Uint32Array(Math.ceil(limit / 32))) {
    this.limit = limit;
    this.words = words;
  }

  has(page: number): boolean {
    return page < this.limit && ((this.words[page >>> 5] ?? 0) & (1 << (page & 31))) !== 0;
  }

  /** Adds a page below the limit; false if it was in the set before. */
  add(page: number): boolean {
    const index = page >>> 5;
    const bit = 1 << (page & 31);
    const word = this.words[index] ?? 0;
    if ((word & bit) !== 0) return false;
    this.words[index] = word | bit;
    return true;
  }

  /** How many pages are in the set. */
  get size(): number {
    let size = 0;
    for (const word of this.words) size += bitsIn(word);
    return size;
  }

  /** Adds all of `other`; tells of each page that both hold. */
  absorb(other: Uint32Array, onShared: (page: number) => void): void {
    for (let index = 0; index < this.words.length; index++) {
      const mine = this.words[index] ?? 0;
      const theirs = other[index] ?? 0;
      const both = mine & theirs;
      if (both !== 0) eachBit(both, (bit) => onShared(index * 32 + bit));
      this.words[index] = mine | theirs;
    }
  }
}

function bitsIn(word: number): number {
  let rest = word - ((word >>> 1) & 0x5555_5555);
  rest = (rest & 0x3333_3333) + ((rest >>> 2) & 0x3333_3333);
  return (((rest + (rest >>> 4)) & 0x0f0f_0f0f) * 0x0101_0101) >>> 24;
}

function eachBit(word: number, visit: (bit: number) => void): void {
  for (let bit = 0; bit < 32; bit++) if ((word & (1 << bit)) !== 0) visit(bit);
}

/** Runs of neighbouring pages below `limit` for which `holds` is true, as `[first, last]`. */
export function pageRuns(
  limit: number,
  holds: (page: number) => boolean,
  visit: (first: number, last: number) => void,
): void {
  let first = -1;
  for (let page = 0; page <= limit; page++) {
    const inside = page < limit && holds(page);
    if (inside && first < 0) first = page;
    if (!inside && first >= 0) {
      visit(first, page - 1);
      first = -1;
    }
  }
}
