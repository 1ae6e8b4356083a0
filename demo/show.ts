import { spawn, type ChildProcess } from 'node:child_process';
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

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** For a name in a command line: the program, and maybe its first argument. */
  readonly programs?: Readonly<Record<string, readonly [string, string?]>>;
}

/**
 * Shows a command line as a user would type it, runs it with its output going straight to the terminal, and returns
 * its exit code.
 */
export function command(line: readonly string[], options: CommandOptions): Promise<number> {
  show(line.map(quoted).join(' '));
  return new Promise((resolve, reject) => {
    const child = start(line, options, 'inherit');
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** The same without the output, unless it fails. */
export function quietCommand(line: readonly string[], options: CommandOptions): Promise<number> {
  show(`${line.map(quoted).join(' ')} >/dev/null 2>&1`);
  return new Promise((resolve, reject) => {
    const child = start(line, options, 'pipe');
    const said: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => said.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) process.stderr.write(Buffer.concat(said));
      resolve(code ?? 1);
    });
  });
}

function start(line: readonly string[], { env, programs }: CommandOptions, output: 'inherit' | 'pipe'): ChildProcess {
  const [name = '', ...args] = line;
  const [program, first] = programs?.[name] ?? [name, undefined];
  return spawn(program, first === undefined ? args : [first, ...args], {
    stdio: ['ignore', output, output],
    env: env ?? process.env,
  });
}

/** Prints a command line as a user would type it. */
export function show(line: string): void {
  print('');
  print(styled('cyan', `$ ${line}`));
}

function quoted(word: string): string {
  return /^[\w./:,=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function styled(style: 'bold' | 'cyan', text: string): string {
  const hasColours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  return hasColours ? styleText(style, text) : text;
}
