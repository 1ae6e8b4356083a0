import { readFile, writeFile } from 'node:fs/promises';
import type { Comparison, Side } from './figures.ts';

/** One table of docs/performance.md. */
export interface Table {
  /** Names the markers between which it stands. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export const COMPARISON_COLUMNS = [
  'What',
  'Holdfast',
  'etcd',
  'ratio',
  'processor time',
  'resident',
  'of it not file pages',
  'load',
];

export function comparisonRow(label: string, { ours, theirs, ratio, load }: Comparison): readonly string[] {
  return [
    label,
    seconds(ours.seconds),
    seconds(theirs.seconds),
    ratio.toFixed(2),
    `${seconds(ours.cpuSeconds)} / ${seconds(theirs.cpuSeconds)}`,
    `${ours.residentMiB.toFixed(0)} / ${mib(theirs.residentMiB)}`,
    `${ours.ownMiB.toFixed(0)} / ${mib(theirs.ownMiB)}`,
    load.toFixed(1),
  ];
}

/** The same row for something that etcd has no match for. */
export function aloneRow(label: string, side: Side & { readonly load: number }): readonly string[] {
  const { residentMiB, ownMiB, cpuSeconds, load } = side;
  return [label, seconds(side.seconds), '', '', seconds(cpuSeconds), mib(residentMiB), mib(ownMiB), load.toFixed(1)];
}

export function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

export function seconds(value: number): string {
  return value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(2)} s`;
}

export function mib(value: number): string {
  return `${value.toFixed(0)} MiB`;
}

/** As Markdown, aligned as the formatter aligns it. */
export function markdown({ columns, rows }: Table): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, index) => cells[index]?.padEnd(width) ?? '').join(' | ')} |`;
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/**
 * Puts the tables between their markers, `<!-- name -->` and `<!-- /name -->`, of a document.
 *
 * @throws where the document lacks the markers of a table
 */
export async function writeTables(path: string, tables: readonly Table[]): Promise<void> {
  let text = await readFile(path, 'utf8');
  for (const table of tables) {
    const [open, close] = [`<!-- ${table.name} -->`, `<!-- /${table.name} -->`];
    const from = text.indexOf(open);
    const to = text.indexOf(close);
    if (from < 0 || to < from) throw new Error(`${path} lacks ${open} … ${close}`);
    text = `${text.slice(0, from + open.length)}\n\n${markdown(table)}\n\n${text.slice(to)}`;
  }
  await writeFile(path, text);
}
