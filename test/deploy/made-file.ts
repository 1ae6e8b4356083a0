import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { format, resolveConfig } from 'prettier';
import { expect } from 'vitest';
import { PROJECT } from '../docs/document.ts';

/** Expects a file of YAML to hold what is made from another; with HOLDFAST_WRITE_DOCS=1 writes it instead. */
export async function expectMade(name: string, head: string, content: unknown): Promise<void> {
  const path = join(PROJECT, name);
  const made = head + dump(content, { lineWidth: 120, noRefs: true });
  const text = await format(made, { parser: 'yaml', ...(await resolveConfig(path)) });
  if (process.env['HOLDFAST_WRITE_DOCS'] === '1') await writeFile(path, text);
  const how = 'run HOLDFAST_WRITE_DOCS=1 npx vitest run --project integration test/deploy';
  expect(await readFile(path, 'utf8'), how).toBe(text);
}
