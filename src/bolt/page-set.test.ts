import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageSet, pageRuns } from './page-set.ts';

const pages = fc.uniqueArray(fc.integer({ min: 0, max: 299 }));

function setOf(members: readonly number[]): PageSet {
  const set = new PageSet(300);
  for (const page of members) set.add(page);
  return set;
}

describe('a set of pages', () => {
  it('behaves like a set of numbers', () => {
    fc.assert(
      fc.property(pages, (members) => {
        const set = setOf(members);
        expect(set.size).toBe(members.length);
        const held = Array.from({ length: 310 }, (_, page) => page).filter((page) => set.has(page));
        expect(held).toEqual([...members].sort((a, b) => a - b));
        expect(members.some((page) => set.add(page))).toBe(false);
      }),
    );
  });

  it('takes another one in and names the pages that both hold', () => {
    fc.assert(
      fc.property(pages, pages, (mine, theirs) => {
        const set = setOf(mine);
        const shared: number[] = [];
        set.absorb(setOf(theirs).words, (page) => shared.push(page));
        expect(shared).toEqual(mine.filter((page) => theirs.includes(page)).sort((a, b) => a - b));
        expect(set.size).toBe(new Set([...mine, ...theirs]).size);
      }),
    );
  });
});

describe('runs of pages', () => {
  it('cover exactly the pages asked for, each run as long as it can be', () => {
    fc.assert(
      fc.property(pages, (members) => {
        const set = setOf(members);
        const covered: number[] = [];
        pageRuns(
          300,
          (page) => set.has(page),
          (first, last) => {
            expect(set.has(first - 1) || set.has(last + 1)).toBe(false);
            for (let page = first; page <= last; page++) covered.push(page);
          },
        );
        expect(covered).toEqual([...members].sort((a, b) => a - b));
      }),
    );
  });
});
