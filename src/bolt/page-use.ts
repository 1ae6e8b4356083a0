import { damage, type FindingList } from './findings.ts';
import type { BoltLayout } from './layout.ts';
import { PageSet, pageRuns } from './page-set.ts';

/** How many pages of a file are what. */
export interface PageUse {
  readonly total: number;
  readonly used: number;
  /** On the freelist, or, where the file has none, used by nothing. */
  readonly free: number;
}

/** The set of pages that are in use before any tree is walked: the two metas. */
export function metaPages(layout: BoltLayout): PageSet {
  const pages = new PageSet(layout.pageCount);
  for (let page = 0; page < Math.min(2, layout.pageCount); page++) pages.add(page);
  return pages;
}

/**
 * Compares the pages that trees use with those that the freelist names: each page must be one or the other.
 *
 * @param freed - undefined if the file does not list its free pages: then every unused page is a free one
 */
export function judgePageUse(
  layout: BoltLayout,
  used: PageSet,
  freed: PageSet | undefined,
  findings: FindingList,
): PageUse {
  const total = layout.highWater;
  const usedCount = used.size;
  if (freed === undefined) return { total, used: usedCount, free: layout.pageCount - usedCount };
  const { pageCount } = layout;
  pageRuns(
    pageCount,
    (page) => used.has(page) && freed.has(page),
    (first, last) => {
      findings.add(damage('BOLT_PAGE_FREED', name(first, last), `${name(first, last)} in use and on the freelist too`));
    },
  );
  pageRuns(
    pageCount,
    (page) => !used.has(page) && !freed.has(page),
    (first, last) => {
      findings.add(
        damage('BOLT_PAGE_LOST', name(first, last), `${name(first, last)} neither in use nor on the freelist`),
      );
    },
  );
  return { total, used: usedCount, free: freed.size };
}

function name(first: number, last: number): string {
  return first === last ? `page ${first}` : `pages ${first} to ${last}`;
}
