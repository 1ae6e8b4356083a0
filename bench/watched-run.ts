import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { guarded } from '../test/kit/programs.ts';

/** What one run of a program took. */
export interface Taken {
  readonly seconds: number;
  /** Of the processors, by the program and its children; whole hundredths. */
  readonly cpuSeconds: number;
  /** The most memory that was resident at once, MiB: of the program and its children. */
  readonly residentMiB: number;
  /** The same without pages of files, which the system can take back at any time. */
  readonly ownMiB: number;
}

const LOOK_EVERY_MS = 10;
/** Linux counts processor time for programs in these, on every machine (USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * Runs a program to its end and watches what it takes. A program that watches itself would tell less: memory that a
 * process has touched is only known to the kernel, and only as long as the process lives.
 *
 * @throws where it fails, with what it said
 */
export function watchedRun(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<Taken> {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError('argv is empty');
  return new Promise((resolve, reject) => {
    const before = performance.now();
    const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    guarded(child);
    const memory = new MemoryWatch(child);
    let said = '';
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-4000);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('error', reject);
    let seconds = 0;
    child.once('exit', () => {
      seconds = (performance.now() - before) / 1000;
      memory.end();
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve({ seconds, ...memory.most });
      else reject(new Error(`${argv.join(' ')} ended with ${String(code ?? signal)}\n${said}`));
    });
  });
}

/** Looks at a process and its children again and again while they live. */
class MemoryWatch {
  readonly #pid: number | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #high = new Map<number, number>();
  readonly #ticks = new Map<number, number>();
  #own = 0;

  constructor({ pid }: ChildProcess) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** The kernel keeps each process's highest mark (VmHWM) itself, so rare looks miss little. */
  get most(): Omit<Taken, 'seconds'> {
    const resident = sum(this.#high);
    return {
      residentMiB: resident / 1024,
      ownMiB: this.#own / 1024,
      cpuSeconds: sum(this.#ticks) / TICKS_PER_SECOND,
    };
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    let own = 0;
    for (const pid of this.#pid === undefined ? [] : family(this.#pid)) {
      const status = readOr(`/proc/${pid}/status`);
      this.#high.set(pid, Math.max(this.#high.get(pid) ?? 0, kibOf(status, 'VmHWM')));
      this.#ticks.set(pid, Math.max(this.#ticks.get(pid) ?? 0, ticksOf(readOr(`/proc/${pid}/stat`))));
      own += kibOf(status, 'RssAnon') + kibOf(status, 'RssShmem');
    }
    this.#own = Math.max(this.#own, own);
  }
}

function sum(values: ReadonlyMap<number, number>): number {
  return [...values.values()].reduce((total, value) => total + value, 0);
}

/** User and system time: fields 14 and 15 of proc(5), counted behind the name in parentheses, which may hold anything. */
function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

/** What a process has taken of the processors so far. */
export function cpuSecondsOf(pid: number): number {
  return ticksOf(readOr(`/proc/${pid}/stat`)) / TICKS_PER_SECOND;
}

function family(pid: number): readonly number[] {
  const children = readOr(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(family)];
}

/** A field of /proc/<pid>/status, KiB. */
export function kibOf(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
