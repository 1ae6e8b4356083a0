import { spawn } from 'node:child_process';
import { guarded } from './programs.ts';

export interface CommandOptions {
  /** The whole environment; by default this process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What the command reads; by default nothing. */
  readonly stdin?: string | Uint8Array;
  /** When to kill it with SIGKILL; by default after a minute. */
  readonly timeoutMs?: number;
  /** Called with the process's id as soon as there is one. */
  readonly onStart?: (pid: number) => void;
}

export interface CommandResult {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and returns how it went; a failing command is no exception. Throws where it cannot start. */
export function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError('argv is empty');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    guarded(child);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.once('spawn', () => {
      if (child.pid !== undefined) options.onStart?.(child.pid);
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
    // A command may end before it has read everything.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin);
  });
}

/** Runs a command that has to succeed and returns its standard output; throws with everything it said otherwise. */
export async function succeed(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.code === 0) return result.stdout;
  const end = result.signal === null ? `code ${String(result.code)}` : result.signal;
  throw new Error(`${argv.join(' ')} ended with ${end}\n${result.stdout}${result.stderr}`);
}
