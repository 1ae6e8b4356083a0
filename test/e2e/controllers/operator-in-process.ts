import { createHttpsTransport, createKubeClient, loadKubeconfig } from '../../../src/apiserver/index.ts';
import { silentLog, type Time } from '../../../src/base/index.ts';
import { createOperator, type Operator } from '../../../src/operator/index.ts';
import type { OperatorPlan, TestedOperator } from './tested-operator.ts';
import { textOf } from '../../kit/text-of.ts';

export interface OperatorInProcessOptions extends OperatorPlan {
  readonly kubeconfig: string;
  readonly time: Time;
}

interface Running {
  readonly operator: Operator;
  readonly end: (how: 'stop' | 'kill') => Promise<void>;
}

/** The operator over HTTPS, with connections of its own, on a clock that may run fast. */
export class OperatorInProcess implements TestedOperator {
  readonly #options: OperatorInProcessOptions;
  #running: Running | undefined;

  constructor(options: OperatorInProcessOptions) {
    this.#options = options;
  }

  get #current(): Operator {
    if (this.#running === undefined) throw new TypeError('the operator does not run');
    return this.#running.operator;
  }

  async start(etcd: string = this.#options.etcd): Promise<void> {
    const { kubeconfig, time, defaultFolder } = this.#options;
    const transport = createHttpsTransport(await loadKubeconfig({ path: kubeconfig }));
    const client = createKubeClient({ transport, userAgent: 'operator-in-process/1' });
    const settings = {
      image: 'holdfast',
      backupArgs: ['--endpoints', etcd, '--snapshot-only'],
      hostFolder: defaultFolder,
      defaultTimeZone: 'UTC',
    };
    const operator = createOperator({ client, time, log: silentLog, settings });
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

  /** As if its process died. */
  async kill(): Promise<void> {
    await this.#end('kill');
  }

  isReady(): Promise<boolean> {
    return Promise.resolve(this.#current.isReady());
  }

  isDone(): Promise<boolean> {
    return Promise.resolve(this.#current.isReady() && this.#current.isIdle);
  }

  metrics(): Promise<string> {
    return textOf(this.#current.metrics());
  }

  async #end(how: 'stop' | 'kill'): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.end(how);
  }
}
