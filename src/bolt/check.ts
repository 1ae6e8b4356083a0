import type { Finding, RandomAccess } from '../base/index.ts';
import { FindingList } from './findings.ts';
import { readFreelist } from './freelist.ts';
import { readLayout, type BoltLayout } from './layout.ts';
import { judgePageUse, metaPages, type PageUse } from './page-use.ts';
import { ROOT_LABEL, TreeWalker } from './tree-walker.ts';

export interface BoltCheck {
  /** Everything wrong with the file; empty for a good one. */
  readonly findings: readonly Finding[];
  /** Undefined if no meta page is usable: nothing else was examined then. */
  readonly layout: BoltLayout | undefined;
  readonly pages: PageUse | undefined;
}

/**
 * Checks the structure of a whole bolt file, at least as strictly as `bbolt check`: every page below the high water
 * mark is used exactly once or free, and is what its place says; keys are in order within and across pages.
 *
 * @throws BoltError if the system cannot read, the signal's reason if it aborts; never because of what the bytes say
 */
export function checkBolt(source: RandomAccess, options: { readonly signal?: AbortSignal } = {}): BoltCheck {
  const findings = new FindingList();
  const layout = readLayout(source, findings);
  if (layout === undefined) return { findings: findings.report, layout, pages: undefined };
  const used = metaPages(layout);
  const freed = readFreelist(source, layout, used, findings);
  const walker = new TreeWalker(source, layout, { findings, pages: used, signal: options.signal });
  walker.walk({ page: layout.root, parent: 0 }, ROOT_LABEL);
  const pages = judgePageUse(layout, used, freed, findings);
  return { findings: findings.report, layout, pages };
}
