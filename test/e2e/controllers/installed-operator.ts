import { waitFor } from '../../kit/index.ts';
import type { Deployment } from '../../deploy/manifests.ts';
import { OperatorProcess } from '../../deploy/operator-process.ts';
import type { OperatorPlan, TestedOperator } from './tested-operator.ts';

export interface InstalledOperatorOptions extends OperatorPlan {
  readonly deployment: Deployment;
  /** With the token of the Deployment's service account. */
  readonly kubeconfig: string;
  /** A pod of the Deployment. */
  readonly podName: string;
}

/** The program as its Deployment starts it. Beside that it is told of an etcd, since no control-plane host is here. */
export class InstalledOperator implements TestedOperator {
  readonly #options: InstalledOperatorOptions;
  #process: OperatorProcess | undefined;
  /** Of all that have run. */
  log = '';

  constructor(options: InstalledOperatorOptions) {
    this.#options = options;
  }

  get #current(): OperatorProcess {
    if (this.#process === undefined) throw new TypeError('the operator does not run');
    return this.#process;
  }

  /** Returns when it leads: the lease of one that was killed has to run out first. */
  async start(etcd: string = this.#options.etcd): Promise<void> {
    const { deployment, kubeconfig, podName, defaultFolder } = this.#options;
    const own = ['--lease-duration', '3s', '--default-folder', defaultFolder];
    const backup = ['--endpoints', etcd, '--snapshot-only', '--host-root', '/', '--layout', 'auto'];
    const process = await OperatorProcess.start({
      ...{ deployment, kubeconfig, podName },
      args: [...own, '--', ...backup],
    });
    this.#process = process;
    await waitFor(() => process.log.includes('this process leads'), {
      what: () => `the operator to lead; ${process.log}`,
      timeoutMs: 60_000,
    });
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async isReady(): Promise<boolean> {
    return (await this.#current.get('/readyz')).status === 200;
  }

  isDone(): Promise<boolean> {
    return this.isReady();
  }

  async metrics(): Promise<string> {
    return (await this.#current.get('/metrics')).text;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    await process?.stop(signal);
    this.log += process?.log ?? '';
  }
}
