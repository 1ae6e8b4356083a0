import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT, read } from './document.ts';

describe('README.md', () => {
  it.each(['try', 'check'])('names ./%s, which can be run', async (name) => {
    expect(await read('README.md')).toMatch(new RegExp(`^ {4}\\./${name}$`, 'm'));
    await access(join(PROJECT, name), constants.X_OK);
  });

  it('asks for the Node that package.json asks for', async () => {
    const { engines } = JSON.parse(await read('package.json')) as { readonly engines: { readonly node: string } };
    const oldest = /\d+\.\d+/.exec(engines.node)?.[0] ?? '';
    expect(await read('README.md')).toContain(`Node ${oldest}`);
  });
});
