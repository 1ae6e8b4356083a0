import type { Clock, Log, Progress } from '../base/index.ts';

/** What every verb takes from the outside. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: Progress;
  /** Ends the work; what is half-done is cleaned up. */
  readonly signal: AbortSignal;
  /** For the manifest. */
  readonly tool: { readonly name: string; readonly version: string };
  /** A folder that all runs on this host share: the locks of clusters lie there. */
  readonly runFolder: string;
  /** The script of a worker thread that walks parts of snapshots; without it, one thread does it all. */
  readonly inspectWorker: URL | undefined;
}
