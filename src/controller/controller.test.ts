import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualTime } from '../../test/kit/manual-time.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { ApiServerError, type ApiServerErrorCode } from '../apiserver/index.ts';
import { silentLog } from '../base/index.ts';
import {
  createController,
  type ControllerOptions,
  type PassResult,
  type Reconcile,
  type Syncing,
} from './controller.ts';

const until = (condition: () => boolean): Promise<unknown> => waitFor(condition, { everyMs: 1, timeoutMs: 2_000 });
/** Long enough for everything that needs no time. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const failure = (code: ApiServerErrorCode): ApiServerError => new ApiServerError(code, 'no', { hint: 'Wait.' });

function start(reconcile: Reconcile, options: Partial<ControllerOptions> = {}) {
  const time = new ManualTime(new Date('2026-11-23T00:00:00Z'));
  const results: PassResult[] = [];
  const onResult = (result: PassResult): void => void results.push(result);
  const controller = createController(
    { name: 'test', informers: [], reconcile, ...options },
    { time, log: silentLog, onResult },
  );
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  return { time, controller, results, stop, run: controller.run(stop.signal) };
}

/** A reconcile whose passes end when the test says so. */
class Gate {
  readonly passes: { readonly key: string; readonly end: () => void }[] = [];
  readonly reconcile: Reconcile = (key) =>
    new Promise((resolve) => this.passes.push({ key, end: () => resolve(undefined) }));

  get keys(): string[] {
    return this.passes.map(({ key }) => key);
  }
}

describe('a controller', () => {
  it('begins when its informers have synced, and not before', async () => {
    let isSynced = false;
    let sync: () => void = () => undefined;
    const synced = new Promise<void>((resolve) => (sync = resolve));
    const informer: Syncing = {
      get hasSynced() {
        return isSynced;
      },
      synced: () => synced,
    };
    const keys: string[] = [];
    const { controller } = start((key) => Promise.resolve(void keys.push(key)), { informers: [informer] });
    expect(controller.isIdle).toBe(false);
    controller.enqueue('a');
    await settled();
    expect(keys).toEqual([]);
    isSynced = true;
    sync();
    await until(() => controller.isIdle);
    expect(keys).toEqual(['a']);
  });

  it('takes a key that came several times once', async () => {
    const gate = new Gate();
    const { controller } = start(gate.reconcile);
    for (const key of ['a', 'b', 'b', 'c', 'b']) controller.enqueue(key);
    for (let pass = 1; pass <= 3; pass += 1) {
      await until(() => gate.passes.length === pass);
      gate.passes.at(-1)?.end();
    }
    await until(() => controller.isIdle);
    expect(gate.keys).toEqual(['a', 'b', 'c']);
  });

  it('never works on one key twice at a time, and comes back to one that changed meanwhile', async () => {
    const gate = new Gate();
    const { controller } = start(gate.reconcile, { workers: 3 });
    controller.enqueue('a');
    controller.enqueue('b');
    await until(() => gate.passes.length === 2);
    controller.enqueue('a');
    controller.enqueue('a');
    await settled();
    expect(gate.keys).toEqual(['a', 'b']);
    gate.passes[0]?.end();
    await until(() => gate.passes.length === 3);
    expect(gate.keys).toEqual(['a', 'b', 'a']);
    gate.passes[1]?.end();
    gate.passes[2]?.end();
    await until(() => controller.isIdle);
    expect(gate.passes).toHaveLength(3);
  });

  it('works on no more keys at a time than it has workers', async () => {
    const gate = new Gate();
    const { controller } = start(gate.reconcile, { workers: 2 });
    for (const key of ['a', 'b', 'c']) controller.enqueue(key);
    await settled();
    expect(gate.keys).toEqual(['a', 'b']);
    gate.passes[1]?.end();
    await until(() => gate.passes.length === 3);
  });

  it('comes back when reconcile asks for it; of several times the earliest counts', async () => {
    let passes = 0;
    const { controller, time } = start(() => Promise.resolve({ again: (passes += 1) === 1 ? 60_000 : undefined }));
    controller.enqueue('a');
    await until(() => passes === 1);
    await until(() => controller.isIdle);
    controller.enqueue('a', 90_000);
    expect(time.nextTimerAt?.toISOString()).toBe('2026-11-23T00:01:00.000Z');
    controller.enqueue('a', 5_000);
    expect(time.nextTimerAt?.toISOString()).toBe('2026-11-23T00:00:05.000Z');
    time.advance(5_000);
    await until(() => passes === 2 && controller.isIdle);
    time.advance(600_000);
    await settled();
    expect(passes).toBe(2);
  });

  it.each([
    ['what is transient', failure('APISERVER_UNREACHABLE'), [200, 400, 800, 1600], 120_000],
    ['what nobody foresaw', new Error('oops'), [200, 400, 800, 1600], 120_000],
    ['what is permanent', failure('APISERVER_INVALID'), [5_000, 10_000, 20_000, 40_000], 300_000],
    ['what needs somebody', failure('APISERVER_FORBIDDEN'), [5_000, 10_000, 20_000, 40_000], 300_000],
  ])('waits longer and longer after %s', async (_, error, first, longest) => {
    const { controller, time, results } = start(() => Promise.reject(error));
    controller.enqueue('a');
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 15; attempt += 1) {
      await until(() => results.length === attempt && controller.isIdle);
      const wait = (time.nextTimerAt?.getTime() ?? 0) - time.now().getTime();
      waits.push(wait);
      time.advance(wait);
    }
    expect(waits.slice(0, 4)).toEqual(first);
    expect(waits.at(-1)).toBe(longest);
    expect(results[0]).toMatchObject({ controller: 'test', key: 'a', error });
  });

  it('comes back at once after a conflict, and does not spin where it lasts', async () => {
    const { controller, time, results } = start(() => Promise.reject(failure('APISERVER_CONFLICT')));
    controller.enqueue('a');
    await until(() => results.length === 2 && controller.isIdle);
    expect(time.nextTimerAt?.toISOString()).toBe('2026-11-23T00:00:00.200Z');
  });

  it('leaves a server alone for as long as it asks', async () => {
    const busy = new ApiServerError('APISERVER_TOO_MANY_REQUESTS', 'busy', { hint: 'Wait.', retryAfterMs: 7_000 });
    const { controller, time, results } = start(() => Promise.reject(busy));
    controller.enqueue('a');
    await until(() => results.length === 1 && controller.isIdle);
    expect((time.nextTimerAt?.getTime() ?? 0) - time.now().getTime()).toBe(7_000);
  });

  it('forgets failures after a success', async () => {
    const outcomes = [true, true, false, true];
    const { controller, time, results } = start(() => {
      return outcomes.shift() === true ? Promise.reject(failure('APISERVER_STATUS')) : Promise.resolve();
    });
    controller.enqueue('a');
    for (const passes of [1, 2]) {
      await until(() => results.length === passes && controller.isIdle);
      time.advance(400);
    }
    await until(() => results.length === 3 && controller.isIdle);
    controller.enqueue('a');
    await until(() => results.length === 4 && controller.isIdle);
    expect((time.nextTimerAt?.getTime() ?? 0) - time.now().getTime()).toBe(200);
  });

  it('ends when the passes that run have ended, and begins none after its signal', async () => {
    const gate = new Gate();
    const { controller, stop, run, time } = start(gate.reconcile);
    controller.enqueue('a');
    controller.enqueue('b');
    controller.enqueue('c', 1_000);
    await until(() => gate.passes.length === 1);
    let hasEnded = false;
    void run.then(() => (hasEnded = true));
    stop.abort();
    await settled();
    expect(hasEnded).toBe(false);
    gate.passes[0]?.end();
    await run;
    controller.enqueue('d');
    time.advance(10_000);
    await settled();
    expect(gate.keys).toEqual(['a']);
    expect(time.nextTimerAt).toBeUndefined();
  });

  it('ends at once where its signal aborts before the informers have synced', async () => {
    const { controller, stop, run } = start(() => Promise.resolve(), {
      informers: [{ hasSynced: false, synced: (signal) => Promise.reject(signal.reason as Error) }],
    });
    stop.abort();
    await run;
    expect(controller.isIdle).toBe(false);
    await expect(controller.run(stop.signal)).rejects.toThrow(TypeError);
  });
});
