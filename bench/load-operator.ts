import { OperatorProcess } from '../test/deploy/operator-process.ts';
import { waitFor } from '../test/kit/wait-for.ts';
import type { Asked, LoadEngine } from './load-engine.ts';
import { cpuSecondsOf } from './watched-run.ts';

/** So long without a request, and everything that was to be done is done. */
const QUIET_MS = 4_000;
const BUSY_SHARE = 0.3;

/** The built program, with the arguments of its Deployment. */
export function startOperator({ kubeconfig }: Pick<LoadEngine, 'kubeconfig'>): Promise<OperatorProcess> {
  return OperatorProcess.start({
    args: ['operator', '--metrics=127.0.0.1:0', '--layout=kubeadm', '--log-format=json', '--image=holdfast:bench'],
    kubeconfig,
    podName: 'bench',
  });
}

/** Leads, and has seen everything. */
export async function untilReady(operator: OperatorProcess): Promise<void> {
  const leads = (): boolean => operator.log.includes('the controllers begin');
  await waitFor(async () => leads() && (await operator.get('/readyz')).status === 200, {
    timeoutMs: 120_000,
    everyMs: 20,
    what: () => `an operator that is ready; ${operator.log.slice(-4000)}`,
  });
}

/**
 * Waits until nothing is asked for any more and next to nothing is computed.
 *
 * @returns what was asked for by then, and when that was, by `performance.now()`
 */
export async function untilSettled(
  engine: LoadEngine,
  { pid }: OperatorProcess,
): Promise<{ readonly at: number; readonly asked: Asked }> {
  let busyAt = performance.now();
  let looked = { at: busyAt, cpu: cpuSecondsOf(pid) };
  return await waitFor(
    async () => {
      const now = { at: performance.now(), cpu: cpuSecondsOf(pid) };
      if (now.cpu - looked.cpu > (BUSY_SHARE * (now.at - looked.at)) / 1000) busyAt = now.at;
      looked = now;
      const asked = await engine.asked();
      const quietMs = Math.min(asked.quietMs, now.at - busyAt);
      return quietMs > QUIET_MS && { at: now.at - quietMs, asked };
    },
    { timeoutMs: 300_000, everyMs: 250, what: 'an operator that has nothing to do' },
  );
}
