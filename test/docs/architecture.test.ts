import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT, expectBlock, markdownTable, read } from './document.ts';

/** The table in eslint.config.js: what each folder of src/ may import. */
async function house(): Promise<ReadonlyMap<string, readonly string[]>> {
  const table = /const HOUSE = \{\n([\s\S]*?)\n\};/.exec(await read('eslint.config.js'))?.[1] ?? '';
  const rows = [...table.matchAll(/^\s*([\w-]+): \[([^\]]*)\]/gm)];
  return new Map(rows.map(([, folder = '', list = '']) => [folder, list.match(/[\w-]+/g) ?? []]));
}

describe('docs/architecture.md', () => {
  it('shows the table of imports that the linter holds', async () => {
    const rows = [...(await house())].map(([folder, allowed]) => [
      `\`${folder}\``,
      allowed.length === 0 ? 'nothing' : allowed.map((name) => `\`${name}\``).join(', '),
    ]);
    await expectBlock('docs/architecture.md', 'imports', `\n${markdownTable(['folder', 'may import'], rows)}\n`);
  });

  it('has a paragraph for every folder, and the linter knows every folder', async () => {
    const entries = await readdir(join(PROJECT, 'src'), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect([...(await house()).keys()].sort()).toEqual(folders.sort());
    const text = await read('docs/architecture.md');
    for (const folder of folders) expect(text).toMatch(new RegExp(`^\\*\\*\`${folder}\`\\*\\*`, 'm'));
  });
});
