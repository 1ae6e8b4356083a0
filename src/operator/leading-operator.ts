import { onAbort } from '../base/index.ts';
import type { LeaderElection } from '../controller/index.ts';
import type { Operator } from './create-operator.ts';
import { OperatorError } from './errors.ts';
import type { Watched } from './health-server.ts';

/** One of several operators on a cluster, of which the leader works. */
export interface LeadingOperator extends Watched {
  /**
   * Stands by until it leads, then works until the signal aborts; then it resolves, with the Lease given back.
   *
   * @throws OperatorError OPERATOR_LEASE_LOST where it led and does no longer: the process has to end, so that nothing of
   *   what it knew lives on
   */
  run(signal: AbortSignal): Promise<void>;
}

/** @param election - undefined: there is no other, so this one leads */
export function createLeadingOperator(operator: Operator, election: LeaderElection | undefined): LeadingOperator {
  const leads = (): boolean => election?.isLeader ?? true;
  return {
    isReady: () => (leads() ? operator.isReady() : (election?.hasSeenLease ?? false)),
    async *metrics() {
      yield leaderFigure(leads());
      if (leads()) yield* operator.metrics();
    },
    run: (signal) => (election === undefined ? operator.run(signal) : lead(operator, election, signal)),
  };
}

async function lead(operator: Operator, election: LeaderElection, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const letGo = onAbort(signal, () => over.abort(signal.reason));
  const lost = new AbortController();
  try {
    await election.run(over.signal, async (leading) => {
      await operator.run(leading);
      if (!signal.aborted) lost.abort();
      over.abort();
    });
  } finally {
    letGo();
  }
  if (!lost.signal.aborted) return;
  const hint =
    'Another replica goes on; this one starts again. If it happens often, look at the API server and the load of the node.';
  throw new OperatorError('OPERATOR_LEASE_LOST', 'this operator no longer leads: its lease was not renewed in time', {
    hint,
  });
}

/** By hand: a replica that stands by has no other figure, and shall not load what makes them. */
function leaderFigure(leads: boolean): string {
  return [
    '# HELP holdfast_operator_leader 1 for the replica that works, 0 for one that stands by.',
    '# TYPE holdfast_operator_leader gauge',
    `holdfast_operator_leader ${leads ? 1 : 0}`,
    '',
    '',
  ].join('\n');
}
