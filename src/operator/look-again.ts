import type { KubeObject } from '../apiserver/index.ts';

const SOONEST_MS = 10_000;
const LATEST_MS = 60_000;
const SHARE = 10;

/**
 * How soon to look again, in milliseconds, for what no event tells: a tenth of the object's age, from ten seconds to a minute.
 * That is left for namespaces, over which the operator needs no rights, and only while a backup or a schedule can go nowhere
 * without one.
 */
export function lookAgain({ metadata }: Pick<KubeObject, 'metadata'>, now: Date): number {
  const age = now.getTime() - Date.parse(metadata.creationTimestamp);
  return Math.min(Math.max(Math.round(age / SHARE), SOONEST_MS), LATEST_MS);
}
