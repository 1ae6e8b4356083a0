import { describe, expect, it } from 'vitest';
import type { Lead, LeaderElection } from '../controller/index.ts';
import type { Operator } from './create-operator.ts';
import { OperatorError } from './errors.ts';
import { createLeadingOperator, type LeadingOperator } from './leading-operator.ts';
import { textOf } from '../../test/kit/text-of.ts';

/** An election that goes as a test says. */
class ScriptedElection implements LeaderElection {
  isLeader = false;
  hasSeenLease = false;
  /** Whether the Lease was given back. */
  isReleased = false;
  readonly #turns: ((lead: Lead) => Promise<void>)[] = [];

  async run(signal: AbortSignal, lead: Lead): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#turns.push(async () => {
        const leading = new AbortController();
        this.#lose = () => leading.abort();
        signal.addEventListener('abort', () => leading.abort());
        this.isLeader = true;
        await lead(leading.signal);
        this.isLeader = false;
        resolve();
      });
      signal.addEventListener('abort', () => {
        this.isReleased = true;
        if (!this.isLeader) resolve();
      });
    });
  }

  #lose: () => void = () => undefined;

  win(): void {
    void this.#turns.shift()?.(() => Promise.resolve());
  }

  lose(): void {
    this.#lose();
  }
}

class ScriptedOperator implements Operator {
  readonly isIdle = true;
  runs = 0;
  ready = false;

  run(signal: AbortSignal): Promise<void> {
    this.runs += 1;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  }

  async *metrics(): AsyncGenerator<string, void> {
    yield await Promise.resolve('figure 1\n');
  }

  isReady(): boolean {
    return this.ready;
  }
}

interface Stand {
  readonly operator: ScriptedOperator;
  readonly election: ScriptedElection;
  readonly leading: LeadingOperator;
  readonly stop: AbortController;
  readonly running: Promise<unknown>;
}

function stand(): Stand {
  const operator = new ScriptedOperator();
  const election = new ScriptedElection();
  const leading = createLeadingOperator(operator, election);
  const stop = new AbortController();
  const running = leading.run(stop.signal).catch((error: unknown) => error);
  return { operator, election, leading, stop, running };
}

describe('An operator among several', () => {
  it('stands by without work, and is ready once it knows whose the lease is', () => {
    const { operator, election, leading } = stand();
    expect([operator.runs, leading.isReady()]).toEqual([0, false]);
    election.hasSeenLease = true;
    expect(leading.isReady()).toBe(true);
  });

  it('tells nothing of backups while it stands by, so that no figure is told twice', async () => {
    const { election, leading } = stand();
    expect(await textOf(leading.metrics())).toMatch(/\nholdfast_operator_leader 0\n\n$/);
    election.win();
    expect(await textOf(leading.metrics())).toMatch(/\nholdfast_operator_leader 1\n\nfigure 1\n$/);
  });

  it('works when it leads, and is ready when its work is', () => {
    const { operator, election, leading } = stand();
    election.hasSeenLease = true;
    election.win();
    expect([operator.runs, leading.isReady()]).toEqual([1, false]);
    operator.ready = true;
    expect(leading.isReady()).toBe(true);
  });

  it('ends with an error when it leads no longer', async () => {
    const { election, running } = stand();
    election.win();
    election.lose();
    const error = await running;
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: 'OPERATOR_LEASE_LOST', kind: 'transient' });
  });

  it.each(['leading', 'standing by'])('ends well when it is asked to, %s', async (how) => {
    const { election, stop, running } = stand();
    if (how === 'leading') election.win();
    stop.abort();
    expect(await running).toBeUndefined();
    expect(election.isReleased).toBe(true);
  });

  it('works at once where there is no other', async () => {
    const operator = new ScriptedOperator();
    operator.ready = true;
    const leading = createLeadingOperator(operator, undefined);
    const stop = new AbortController();
    const running = leading.run(stop.signal);
    expect([operator.runs, leading.isReady()]).toEqual([1, true]);
    expect(await textOf(leading.metrics())).toContain('holdfast_operator_leader 1');
    stop.abort();
    await running;
  });
});
