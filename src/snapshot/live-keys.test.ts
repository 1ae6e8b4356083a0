import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { inspectSnapshot, type SnapshotReport } from './inspect.ts';
import { LiveKeyCounter, passesFor } from './live-keys.ts';
import { EtcdModel, makeSnapshot, revisionKey } from './test-etcd.ts';

const operation = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), delete: fc.boolean() });
const transaction = fc.uniqueArray(operation, { selector: ({ key }) => key, minLength: 1, maxLength: 5 });

/** A step of a cluster's life: a transaction, or a compaction at a place between the last one and now. */
const step = fc.oneof(
  { weight: 6, arbitrary: transaction },
  {
    weight: 1,
    arbitrary: fc.record({ place: fc.double({ min: 0, max: 1, noNaN: true }), keepsTombstones: fc.boolean() }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function live(steps: readonly Step[], model: EtcdModel): void {
  for (const each of steps) {
    if ('place' in each) compactBetween(model, each.place, each.keepsTombstones);
    else model.transact(each);
  }
}

function compactBetween(model: EtcdModel, place: number, keepsTombstones: boolean, removals?: number): void {
  const lowest = (model.finished ?? 0) + 1;
  if (model.revision < lowest) return;
  model.compact(lowest + Math.floor(place * (model.revision - lowest)), keepsTombstones, removals);
}

function inspect(model: EtcdModel): SnapshotReport {
  return inspectSnapshot(inMemory(makeSnapshot({ key: model.entries, meta: model.meta })));
}

describe('the number of live keys', () => {
  it('is that of a plain Map, whatever was put, deleted and compacted', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new EtcdModel();
        live(steps, model);
        const { status, findings } = inspect(model);
        expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
        expect(status?.liveKeys).toBe(model.live.size);
      }),
      { numRuns: 150 },
    );
  });

  it('is that of a plain Map while a compaction is under way, too', () => {
    const half = fc.record({ place: fc.double({ min: 0, max: 1, noNaN: true }), removals: fc.nat(20) });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        half,
        fc.array(transaction),
        (before, { place, removals }, after) => {
          const model = new EtcdModel();
          live(before, model);
          compactBetween(model, place, true, removals);
          live(after, model);
          expect(inspect(model).status?.liveKeys).toBe(model.live.size);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is counted one by one where the counts contradict a finished compaction', () => {
    const model = new EtcdModel();
    model.transact([{ key: 'a', delete: false }]);
    model.transact([{ key: 'a', delete: true }]);
    model.transact([{ key: 'b', delete: false }]);
    // The meta bucket claims a compaction that left a tombstone and the put before it.
    const meta = [...model.meta, [Buffer.from('finishedCompactRev'), revisionKey(4)] as const];
    const claimed = [...meta, [Buffer.from('scheduledCompactRev'), revisionKey(4)] as const];
    const report = inspectSnapshot(inMemory(makeSnapshot({ key: model.entries, meta: claimed })));
    expect(report.status?.liveKeys).toBe(1);
  });
});

describe('counting live keys one by one', () => {
  it('agrees with a Map in one pass and in several', () => {
    const events = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 3 }), fc.boolean()), { maxLength: 200 });
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 5 }), (log, passes) => {
        const alive = new Set<string>();
        let counted = 0;
        for (let pass = 0; pass < passes; pass++) {
          const counter = new LiveKeyCounter(pass, passes);
          for (const [key, tombstone] of log) counter.visit(Buffer.from(key), 0, key.length, 0, 0, 1, tombstone);
          counted += counter.result();
        }
        for (const [key, tombstone] of log) {
          if (tombstone) alive.delete(Buffer.from(key).toString('hex'));
          else alive.add(Buffer.from(key).toString('hex'));
        }
        expect(counted).toBe(alive.size);
      }),
    );
  });

  it('grows with the number of keys, and keeps keys apart that differ little', () => {
    const counter = new LiveKeyCounter(0, 1, 16);
    for (let index = 0; index < 50_000; index++) {
      const key = Buffer.from(`/registry/pods/default/pod-${index}`);
      counter.visit(key, 0, key.length, 0, 0, 1, false);
    }
    expect(counter.result()).toBe(50_000);
  });

  it('takes as many passes as memory demands', () => {
    expect([0, 1, 2 ** 21, 2 ** 21 + 1, 2 ** 24].map((entries) => passesFor(entries))).toEqual([1, 1, 1, 2, 8]);
  });
});
