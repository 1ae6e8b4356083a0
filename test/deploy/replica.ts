import { onTestFinished } from 'vitest';
import { cuttableProxy, waitFor, type CuttableProxy } from '../kit/index.ts';
import type { OperatorProcess } from './operator-process.ts';
import type { OperatorsOnEngine } from './operators-on-engine.ts';

/** How long anything may take on a busy machine. */
export const PATIENCE = { timeoutMs: 90_000 };

/** A replica of the operator as a Deployment has it: on a wire of its own, and started again whenever it ends. */
export class Replica {
  /** Between it and the API server. */
  readonly wire: CuttableProxy;
  /** How each of its processes has ended. */
  readonly ends: (number | NodeJS.Signals | null)[] = [];
  readonly #cluster: OperatorsOnEngine;
  readonly #env: Readonly<Record<string, string>>;
  #process: OperatorProcess | undefined;
  #isWanted = true;

  private constructor(cluster: OperatorsOnEngine, wire: CuttableProxy, env: Readonly<Record<string, string>>) {
    this.#cluster = cluster;
    this.wire = wire;
    this.#env = env;
  }

  /** Until the test has finished. */
  static async begin(cluster: OperatorsOnEngine, env: Readonly<Record<string, string>> = {}): Promise<Replica> {
    const wire = await cuttableProxy(cluster.engine.address);
    const replica = new Replica(cluster, wire, env);
    onTestFinished(async () => {
      replica.#isWanted = false;
      await wire.close();
    });
    await replica.#start();
    return replica;
  }

  get log(): string {
    return this.#process?.log ?? '';
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Kills it; it comes back with {@link up}. */
  down(): void {
    this.#isWanted = false;
    this.signal('SIGKILL');
  }

  async up(): Promise<void> {
    this.#isWanted = true;
    await this.#start();
  }

  async leads(): Promise<boolean> {
    if (this.#process === undefined) return false;
    const { text } = await this.#process.get('/metrics');
    return text.includes('\nholdfast_operator_leader 1\n');
  }

  async #start(): Promise<void> {
    const operator = await this.#cluster.replica({ address: this.wire.address, env: this.#env });
    this.#process = operator;
    void operator.ended().then(async (end) => {
      this.ends.push(end);
      this.#process = undefined;
      if (this.#isWanted) await this.#start();
    });
  }
}

/** The one that leads, and the one that does not. */
export function roles(replicas: readonly Replica[]): Promise<{ leader: Replica; other: Replica }> {
  return waitFor(
    async () => {
      // One that is stopped or starts does not answer.
      const leads = await Promise.all(replicas.map((each) => each.leads().catch(() => false)));
      const leader = replicas[leads.indexOf(true)];
      const other = replicas[leads.indexOf(false)];
      return leader && other && { leader, other };
    },
    { ...PATIENCE, what: () => `a leader; ${replicas.map(({ log }) => log).join('\n')}` },
  );
}
