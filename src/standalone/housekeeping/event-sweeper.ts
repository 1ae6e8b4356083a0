import { resources, type CallOptions, type KubeClient, type KubeEvent } from '../../apiserver/index.ts';
import type { Clock } from '../../base/index.ts';
import { unless } from './lookup.ts';

/** kube-apiserver's `--event-ttl`. */
const LIFETIME_MS = 3_600_000;
/** Events may outlive their time by so much, so that a busy hour costs few sweeps. */
const SHORTEST_PAUSE_MS = 300_000;

/**
 * Removes events an hour after they last happened.
 *
 * @returns milliseconds until the next sweep is due
 */
export async function sweepEvents(client: KubeClient, clock: Clock, options: CallOptions): Promise<number> {
  const { items } = await client.list(resources.events, options);
  const now = clock.now().getTime();
  let next = LIFETIME_MS;
  for (const event of items) {
    const left = lastSeen(event) + LIFETIME_MS - now;
    // Also where the time cannot be read: such an event would stay for ever.
    if (!(left > 0)) await unless('APISERVER_NOT_FOUND', client.delete(resources.events, event.metadata, options));
    else next = Math.min(next, left);
  }
  return Math.max(next, SHORTEST_PAUSE_MS);
}

function lastSeen({ lastTimestamp, firstTimestamp, metadata, eventTime }: KubeEvent): number {
  const time = lastTimestamp ?? (typeof eventTime === 'string' ? eventTime : undefined) ?? firstTimestamp;
  return Date.parse(time ?? metadata.creationTimestamp);
}
