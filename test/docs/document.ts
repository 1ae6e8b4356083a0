import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';

export const PROJECT: string = fileURLToPath(new URL('../../', import.meta.url));

/** Set to rewrite the blocks that documents hold from the code; then look at the difference and commit it. */
const WRITE = process.env['HOLDFAST_WRITE_DOCS'] === '1';

/** Every file of the repository that is there: those committed, and new ones that nothing ignores. */
export async function projectFiles(): Promise<readonly string[]> {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const { stdout } = await promisify(execFile)('git', list, { cwd: PROJECT, maxBuffer: 2 ** 24 });
  const names = [...new Set(stdout.split('\0').filter((name) => name !== ''))].sort();
  const there = await Promise.all(names.map(exists));
  return names.filter((_name, index) => there[index]);
}

/** @param path - relative to the project */
export async function exists(path: string): Promise<boolean> {
  return stat(join(PROJECT, path)).then(
    () => true,
    () => false,
  );
}

/** @param path - relative to the project */
export function read(path: string): Promise<string> {
  return readFile(join(PROJECT, path), 'utf8');
}

/** The names of the blocks of a document that are made from the code. */
export function blockNames(text: string): readonly string[] {
  return [...text.matchAll(/^<!-- from the code: (.+) -->$/gm)].map((match) => match[1] ?? '');
}

/**
 * Expects a document's block to hold what the code says; with HOLDFAST_WRITE_DOCS=1 writes it there instead. A block
 * stands between the lines `<!-- from the code: <name> -->` and `<!-- end -->`.
 */
export async function expectBlock(path: string, name: string, content: string): Promise<void> {
  const text = await read(path);
  const start = `<!-- from the code: ${name} -->\n`;
  const from = text.indexOf(start);
  const to = text.indexOf('<!-- end -->', from);
  expect(from >= 0 && to >= 0, `${path} needs the lines ${start.trim()} and <!-- end -->`).toBe(true);
  if (WRITE) {
    await writeFile(join(PROJECT, path), `${text.slice(0, from + start.length)}${content}${text.slice(to)}`);
    return;
  }
  const how = `${path} differs from the code: run HOLDFAST_WRITE_DOCS=1 npx vitest run --project integration test/docs`;
  expect(text.slice(from + start.length, to), how).toBe(content);
}

/** A Markdown table. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}
