import { createHttpsTransport, createKubeClient, loadKubeconfig } from '../../../src/apiserver/index.ts';
import { silentLog, type Time } from '../../../src/base/index.ts';
import { createOperator, type BackupJobSettings, type Operator } from '../../../src/operator/index.ts';

export interface OperatorPlan {
  readonly kubeconfig: string;
  readonly time: Time;
  readonly settings: BackupJobSettings;
}

interface Running {
  readonly operator: Operator;
  readonly end: (how: 'stop' | 'kill') => Promise<void>;
}

/** The operator over HTTPS, with connections of its own; each start knows nothing of the one before. */
export class OperatorUnderTest {
  readonly #plan: OperatorPlan;
  #running: Running | undefined;

  constructor(plan: OperatorPlan) {
    this.#plan = plan;
  }

  /** The one that runs. */
  get current(): Operator {
    if (this.#running === undefined) throw new TypeError('the operator does not run');
    return this.#running.operator;
  }

  async start(settings: Partial<BackupJobSettings> = {}): Promise<void> {
    const { kubeconfig, time, settings: usual } = this.#plan;
    const transport = createHttpsTransport(await loadKubeconfig({ path: kubeconfig }));
    const client = createKubeClient({ transport, userAgent: 'operator-under-test/1' });
    const operator = createOperator({ client, time, log: silentLog, settings: { ...usual, ...settings } });
    const ending = new AbortController();
    const running = operator.run(ending.signal);
    this.#running = {
      operator,
      end: async (how) => {
        // Killed, it loses its connections first, and with them the answers to what it has asked for.
        if (how === 'kill') transport.close();
        ending.abort(new Error('ended'));
        await running;
        transport.close();
      },
    };
  }

  async stop(): Promise<void> {
    await this.#end('stop');
  }

  /** As if its process died: what it was about to do is cut off in the middle. */
  async kill(): Promise<void> {
    await this.#end('kill');
  }

  async #end(how: 'stop' | 'kill'): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.end(how);
  }
}
