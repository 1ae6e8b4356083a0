import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exists, projectFiles, read } from './document.ts';

/** The text without its code, in which brackets are no links. */
function withoutCode(text: string): string {
  return text.replaceAll(/^(```|~~~)[\s\S]*?^\1$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

function linksIn(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
}

/** The anchors that a forge makes of a document's headings. */
function anchorsIn(text: string): readonly string[] {
  const headings = text.replaceAll(/^(```|~~~)[\s\S]*?^\1$/gm, '').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

async function isBroken(page: string, link: string): Promise<boolean> {
  if (/^[a-z]+:/i.test(link)) return false;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : posix.join(posix.dirname(page), path);
  if (!(await exists(target))) return true;
  return anchor !== undefined && !anchorsIn(await read(target)).includes(anchor);
}

describe('every document', () => {
  it('links only to files and headings that are there', async () => {
    const broken: string[] = [];
    for (const page of (await projectFiles()).filter((name) => name.endsWith('.md')))
      for (const link of linksIn(await read(page))) if (await isBroken(page, link)) broken.push(`${page}: ${link}`);
    expect(broken).toEqual([]);
  });

  it('is reached from README.md', async () => {
    const pages = new Set(['README.md']);
    for (const page of pages)
      for (const link of (await exists(page)) ? linksIn(await read(page)) : [])
        if (/^[^:]+\.md(#|$)/.test(link)) pages.add(posix.join(posix.dirname(page), link.split('#')[0] ?? ''));
    const all = (await projectFiles()).filter((name) => /^(?:docs\/.*|[^/]+)\.md$/.test(name));
    expect(all.filter((name) => !pages.has(name))).toEqual([]);
  });
});
