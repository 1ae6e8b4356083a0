import type { Transport } from '../apiserver/index.ts';
import { OperatorError } from './errors.ts';

/**
 * A way to the API server on which nothing is written but by the leader. A process that was stopped (SIGSTOP, a stalled
 * host) for longer than its lease wakes in the middle of whatever it did, and does it before any timer tells it that another
 * one leads by now: so the clock is looked at as a request goes out.
 *
 * @returns a transport that rejects with OperatorError OPERATOR_LEASE_LOST for what writes
 */
export function onlyWhileLeading(transport: Transport, leads: () => boolean): Transport {
  return async (request) => {
    if (request.method === 'GET' || leads()) return await transport(request);
    const message = `this operator no longer leads, so it does not ${request.method} ${request.target}`;
    throw new OperatorError('OPERATOR_LEASE_LOST', message, {
      hint: 'Another replica goes on; this one starts again.',
    });
  };
}
