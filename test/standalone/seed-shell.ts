import { cp, mkdir, readdir, readFile, writeFile, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, type CommandResult } from '../kit/run-command.ts';
import { waitFor } from '../kit/wait-for.ts';
import type { KubectlRunner } from './kubectl.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/automated-backups', import.meta.url));

/** A shell whose working folder is a copy of the examples, so that commands are typed as the procedures write them. */
export interface SeedShell {
  /** The folder that stands for the node's `/mnt`. */
  readonly mnt: string;
  /** What a command printed that has to succeed. */
  sh(command: string): Promise<string>;
  /** What a command complained of that has to fail. */
  failure(command: string): Promise<string>;
  /** Waits until a column of the first row of a table has a value. */
  untilColumn(table: string, column: string, value: string): Promise<void>;
  /** Waits until a table has rows with these names, in any order, and no others. */
  untilListed(table: string, names: readonly string[]): Promise<void>;
  /** Waits until a list is empty. */
  untilNone(list: string): Promise<void>;
  /** Waits until an object's description says something. */
  untilDescribed(object: string, words: string): Promise<void>;
}

/** @param folder - everything is made below it; the `/mnt` of the local volumes becomes a folder of it */
export async function openSeedShell(kubectl: KubectlRunner, folder: string): Promise<SeedShell> {
  const cwd = join(folder, 'examples');
  const mnt = join(folder, 'mnt');
  await mkdir(mnt, { recursive: true });
  await cp(EXAMPLES, cwd, { recursive: true });
  for (const variant of ['local', 'recurring-local'])
    await replaceMnt(join(cwd, variant, 'etcd-backup-pv-fs.yaml'), mnt);
  const [program = ''] = kubectl.argv();
  const env = { ...kubectl.env, PATH: [dirname(program), process.env['PATH']].join(delimiter) };
  const run = (command: string): Promise<CommandResult> => runCommand(['sh', '-c', command], { cwd, env });
  const sh = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await run(command);
    if (code === 0) return stdout;
    throw new Error(`${command} ended with ${String(code)}\n${stdout}${stderr}`);
  };
  const until = async (what: string, command: string, isMet: (said: string) => boolean): Promise<void> => {
    let said = '';
    const look = async (): Promise<boolean> => isMet((said = await sh(command)));
    await waitFor(look, { timeoutMs: 60_000, everyMs: 200, what: () => `${what} in ${command}\n${said}` });
  };
  return {
    mnt,
    sh,
    async failure(command) {
      const { code, stdout, stderr } = await run(command);
      if (code === 0) throw new Error(`${command} did not fail\n${stdout}${stderr}`);
      return stderr.trim();
    },
    untilColumn: (table, column, value) =>
      until(`${column} ${value}`, table, (said) => rowsOf(said)[0]?.[column] === value),
    untilListed: (table, names) =>
      until(names.join(), table, (said) => namesIn(said).join() === [...names].sort().join()),
    untilNone: (list) => until('nothing', `${list} 2>&1`, (said) => said.startsWith('No resources found')),
    untilDescribed: (object, words) => until(words, `kubectl describe ${object}`, (said) => said.includes(words)),
  };
}

async function replaceMnt(path: string, mnt: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const replaced = text.replace(/^( +path: )\/mnt(\/?)$/m, `$1${mnt}$2`);
  if (replaced === text) throw new Error(`${path} names no /mnt`);
  await writeFile(path, replaced);
}

/** A table of kubectl: one object a row, by the names of its columns. */
export function rowsOf(table: string): readonly Readonly<Record<string, string>>[] {
  const [head = '', ...lines] = table.trimEnd().split('\n');
  // A column begins where its name does; names are set apart by three spaces, and may have single ones inside.
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({ name: match[0], from: match.index }));
  return lines.map((line) =>
    Object.fromEntries(
      columns.map(({ name, from }, index) => [name, line.slice(from, columns[index + 1]?.from).trim()]),
    ),
  );
}

/** The names in a table, in order. */
export function namesIn(table: string): readonly string[] {
  return rowsOf(table)
    .map(({ NAME = '' }) => NAME)
    .sort();
}

/** The columns of a table, in order. */
export function columnsOf(table: string): readonly string[] {
  return [...(table.split('\n', 1)[0] ?? '').matchAll(/\S+(?: \S+)*/g)].map(([name]) => name);
}

/** The snapshots below a volume's folder, oldest first. */
export async function snapshotsIn(volume: string): Promise<readonly string[]> {
  const names = await readdir(volume, { recursive: true });
  const paths = names.filter((name) => /(^|\/)snapshot_[^/]+\.db$/.test(name)).map((name) => join(volume, name));
  // Their names have seconds, and several may be taken in one.
  const snapshots = await Promise.all(
    paths.map(async (path) => ({ path, written: (await stat(path, { bigint: true })).mtimeNs })),
  );
  return snapshots.sort((a, b) => (a.written < b.written ? -1 : 1)).map(({ path }) => path);
}
