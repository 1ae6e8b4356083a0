import { join } from 'node:path';
import type { ErrorRow, ErrorTable } from '../../src/base/index.ts';
import { PROJECT, projectFiles, read } from './document.ts';

/** All tables of codes of one folder of src/. */
export interface FolderTables {
  /** Below src/. */
  readonly folder: string;
  readonly errors: ErrorTable;
  readonly findings: Readonly<Record<string, string>>;
}

/** Finds the tables in the code itself, so that none can be forgotten; by folder, in the order of the alphabet. */
export async function codeTables(): Promise<readonly FolderTables[]> {
  const sources = (await projectFiles()).filter((path) => /^src\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'));
  const byFolder = new Map<string, { errors: Record<string, ErrorRow>; findings: Record<string, string> }>();
  for (const path of sources) {
    if (!/ErrorTable;|Findings = \{/.test(await read(path))) continue;
    const folder = path.slice('src/'.length, path.lastIndexOf('/'));
    const tables = byFolder.get(folder) ?? { errors: {}, findings: {} };
    byFolder.set(folder, tables);
    const exported = (await import(join(PROJECT, path))) as Readonly<Record<string, unknown>>;
    for (const [name, table] of Object.entries(exported)) {
      if (isErrorTable(table)) Object.assign(tables.errors, table);
      else if (name.endsWith('Findings') && isFindingTable(table)) Object.assign(tables.findings, table);
    }
  }
  return [...byFolder]
    .map(([folder, tables]) => ({ folder, ...tables }))
    .filter(({ errors, findings }) => Object.keys({ ...errors, ...findings }).length > 0)
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
}

function isErrorTable(value: unknown): value is ErrorTable {
  return (
    isFilledRecord(value) &&
    Object.values(value).every((row) => isFilledRecord(row) && 'kind' in row && 'meaning' in row)
  );
}

function isFindingTable(value: unknown): value is Readonly<Record<string, string>> {
  return isFilledRecord(value) && Object.values(value).every((meaning) => typeof meaning === 'string');
}

function isFilledRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}
