import { join } from 'node:path';
import type { RestoreSurroundings } from '../contracts.ts';

/** What every action is given beside its own description. */
export interface ActionContext {
  /** The folder of this machine that is the host's `/`. */
  readonly hostRoot: string;
  readonly surroundings: RestoreSurroundings;
  /** For one wait, milliseconds. */
  readonly timeoutMs: number;
  /** Whether anything may have run with the new data. */
  readonly started: boolean;
}

/** Where a canonical host path lies on this machine. */
export function onDisk({ hostRoot }: Pick<ActionContext, 'hostRoot'>, path: string): string {
  return join(hostRoot, path);
}
