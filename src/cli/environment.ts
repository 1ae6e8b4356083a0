import type { Clock } from '../base/index.ts';
import type { Fronts } from './fronts.ts';

/** A stream that text goes to, and whether a person is looking at it. */
export interface Terminal {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Columns; 80 where it is not known. */
  readonly columns: number;
}

/** Everything that the commands take from the process they run in; `bin.ts` gives the real one, tests their own. */
export interface CliEnvironment {
  readonly version: string;
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly readStandardInput: () => Promise<string>;
  /** Asks the person at the terminal and gives back the line typed; absent where there is nobody to ask. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  readonly clock: Clock;
  /** Aborts on SIGINT and SIGTERM; the reason is an {@link Interruption}. */
  readonly signal: AbortSignal;
  /** The script that a worker thread runs to walk a part of a snapshot; without one, one thread does it all. */
  readonly inspectWorker: URL | undefined;
  readonly fronts: Fronts;
}

/** Why the signal aborted. */
export class Interruption extends Error {
  readonly by: 'SIGINT' | 'SIGTERM';

  constructor(by: 'SIGINT' | 'SIGTERM') {
    super(`ended by ${by}`);
    this.by = by;
  }
}
