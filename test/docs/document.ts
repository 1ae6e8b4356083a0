import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export const PROJECT: string = fileURLToPath(new URL('../../', import.meta.url));

/** Set to rewrite the blocks that documents hold from the code; then look at the difference and commit it. */
const WRITE = process.env['HOLDFAST_WRITE_DOCS'] === '1';

/** Every file of the project but those that .gitignore names; git itself may be missing, or distrust the folder. */
export async function projectFiles(): Promise<readonly string[]> {
  const ignored = (await read('.gitignore')).split('\n').filter((line) => line !== '');
  const folders = new Set(['.git', ...ignored.filter((line) => line.endsWith('/')).map((line) => line.slice(0, -1))]);
  const suffixes = ignored.filter((line) => line.startsWith('*')).map((line) => line.slice(1));
  const files: string[] = [];
  const waiting = [''];
  for (const folder of waiting)
    for (const entry of await readdir(join(PROJECT, folder), { withFileTypes: true })) {
      if (entry.isDirectory() && !folders.has(entry.name)) waiting.push(`${folder}${entry.name}/`);
      if (entry.isFile() && !suffixes.some((suffix) => entry.name.endsWith(suffix))) files.push(folder + entry.name);
    }
  return files.sort();
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

/** With HOLDFAST_WRITE_DOCS=1 makes room for a block that a document lacks, under a heading, behind another block. */
export async function provideBlock(
  path: string,
  name: string,
  place: { after: string; heading: string },
): Promise<void> {
  const text = await read(path);
  if (!WRITE || blockNames(text).includes(name)) return;
  const end = '<!-- end -->\n';
  const at = text.indexOf(end, text.indexOf(`<!-- from the code: ${place.after} -->`)) + end.length;
  const section = `\n${place.heading}\n\n<!-- from the code: ${name} -->\n${end}`;
  await writeFile(join(PROJECT, path), text.slice(0, at) + section + text.slice(at));
}

/** A Markdown table. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}
