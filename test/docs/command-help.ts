import { silentTerminal, testEnvironment } from './cli-environment.ts';
import { runCli } from '../../src/cli/index.ts';

/** One command as its help describes it. */
export interface CommandHelp {
  /** `holdfast`, `holdfast backup`, `holdfast restore member`. */
  readonly name: string;
  /** What `--help` prints on 80 columns. */
  readonly text: string;
  /** `--force`, `-o`, `--output`. */
  readonly flags: ReadonlySet<string>;
}

/** The help of the program and of every command below it; those of a command come right after it. */
export async function allHelp(): Promise<readonly CommandHelp[]> {
  const found: CommandHelp[] = [];
  const waiting: (readonly string[])[] = [[]];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const text = await helpOf(path);
    found.push({ name: ['holdfast', ...path].join(' '), text, flags: flagsIn(text) });
    waiting.unshift(...commandsIn(text).map((command) => [...path, command]));
  }
  return found;
}

async function helpOf(path: readonly string[]): Promise<string> {
  const stdout = silentTerminal();
  const code = await runCli([...path, '--help'], testEnvironment({ stdout }));
  if (code !== 0) throw new Error(`holdfast ${path.join(' ')} --help ended with exit code ${code}`);
  return stdout.text();
}

function commandsIn(text: string): readonly string[] {
  const list = text.split(/^Commands:\n/m)[1] ?? '';
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1] ?? '').filter((name) => name !== 'help');
}

function flagsIn(text: string): ReadonlySet<string> {
  const list = text.split(/^Options:\n/m)[1]?.split(/^\S/m)[0] ?? '';
  const terms = [...list.matchAll(/^ {2}(-.*?)(?: {2}|$)/gm)].map((match) => match[1] ?? '');
  return new Set(terms.flatMap((term) => term.match(/(?<![\w-])--?[a-zA-Z][a-z-]*/g) ?? []));
}
