import { describe, expect, it } from 'vitest';
import { damage, FindingList } from './findings.ts';

function filled(count: number): FindingList {
  const list = new FindingList();
  for (let page = 0; page < count; page++) list.add(damage('BOLT_PAGE_ID', `page ${page}`, `page ${page} is wrong`));
  return list;
}

describe('a list of findings', () => {
  it('keeps all of a few', () => {
    expect(filled(20).report).toHaveLength(20);
  });

  it('counts what it does not keep, and weighs the count as it weighs the findings', () => {
    const { report } = filled(1020);
    expect(report).toHaveLength(21);
    expect(report.at(-1)).toMatchObject({ severity: 'error', code: 'BOLT_PAGE_ID' });
    expect(report.at(-1)?.message).toContain('1000 more');
  });

  it('does not let many of one kind hide the only one of another', () => {
    const list = filled(1000);
    list.add(damage('BOLT_TRUNCATED', 'page 7', 'the file ends'));
    expect(list.report.map(({ code }) => code)).toContain('BOLT_TRUNCATED');
  });

  it('adds up what several threads found', () => {
    const list = filled(15);
    list.absorb(structuredClone(filled(30).record));
    expect(list.record.kept).toHaveLength(20);
    expect(list.record.surplus).toEqual([{ code: 'BOLT_PAGE_ID', severity: 'error', count: 25 }]);
  });
});
