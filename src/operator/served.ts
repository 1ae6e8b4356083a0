import type { KubeClient, Resource } from '../apiserver/index.ts';
import { messageOf, type Log, type Time } from '../base/index.ts';
import { pause, waitAfter } from '../controller/index.ts';
import { servedResources } from './discovery.ts';

const LOOK_AGAIN_MS = 1_000;

export interface ServedOptions {
  readonly time: Time;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called when the server has said that one of them is not there. */
  readonly onAbsent?: () => void;
}

/**
 * Waits until the API server serves all the resources: their definitions may come later, with the FeatureGate. It asks the
 * server's discovery, which every account may read.
 *
 * @returns false where the signal aborted first
 */
export async function untilServed(
  client: KubeClient,
  wanted: readonly Pick<Resource, 'group' | 'version' | 'plural'>[],
  { time, log, signal, onAbsent }: ServedOptions,
): Promise<boolean> {
  let told = '';
  while (!signal.aborted) {
    const state = await look(client, wanted, signal);
    if (state.kind === 'served') return true;
    if (state.kind === 'absent') onAbsent?.();
    if (state.why !== told) log.info('waiting for the resources of backups', { missing: state.why });
    told = state.why;
    await pause(time, state.againMs ?? LOOK_AGAIN_MS, signal);
  }
  return false;
}

type Answer =
  | { readonly kind: 'served' }
  | { readonly kind: 'absent' | 'unknown'; readonly why: string; readonly againMs?: number };

async function look(
  client: KubeClient,
  wanted: readonly Pick<Resource, 'group' | 'version' | 'plural'>[],
  signal: AbortSignal,
): Promise<Answer> {
  for (const resource of wanted) {
    const why = `${resource.plural}.${resource.group}`;
    try {
      if (!(await servedResources(client, resource, signal)).has(resource.plural)) return { kind: 'absent', why };
    } catch (error) {
      return { kind: 'unknown', why: `${why}: ${messageOf(error)}`, againMs: waitAfter(error, LOOK_AGAIN_MS) };
    }
  }
  return { kind: 'served' };
}
