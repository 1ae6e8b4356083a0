import { spawn } from 'node:child_process';
import { styleText } from 'node:util';

/** Prints a step's heading and, below it, what it is about. */
export function heading(title: string, ...about: readonly string[]): void {
  print('');
  print(styled('bold', title));
  for (const line of about) print(line);
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Shows a command line as a user would type it, runs it with its output going straight to the terminal, and returns
 * its exit code. The words that stand in for a program of this project are replaced by what runs it.
 */
export function command(line: readonly string[], options: CommandOptions = {}): Promise<number> {
  const { quiet = false, env = process.env } = options;
  print('');
  print(styled('cyan', `$ ${line.map(quoted).join(' ')}${quiet ? ' >/dev/null' : ''}`));
  const [name = '', ...args] = line;
  const [program, first] = options.programs?.[name] ?? [name, undefined];
  return new Promise((resolve, reject) => {
    const child = spawn(program, first === undefined ? args : [first, ...args], {
      stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'],
      env,
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

export interface CommandOptions {
  /** Throws standard output away, and says so. */
  readonly quiet?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For a name in a command line: the program, and maybe its first argument. */
  readonly programs?: Readonly<Record<string, readonly [string, string?]>>;
}

function quoted(word: string): string {
  return /^[\w./:,=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function styled(style: 'bold' | 'cyan', text: string): string {
  const hasColours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  return hasColours ? styleText(style, text) : text;
}
