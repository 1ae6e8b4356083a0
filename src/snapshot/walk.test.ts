import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { inspectSnapshot } from './inspect.ts';
import { joinParts, type WalkReport } from './join-parts.ts';
import { EtcdModel, makeSnapshot } from './test-etcd.ts';
import { walkPart } from './walk-part.ts';
import { planWalk, type WalkPlan } from './walk-plan.ts';

const fixture = gunzipSync(readFileSync(new URL('../../test/vectors/snapshot/before.db.gz', import.meta.url)));

function plan(bytes: Uint8Array, parts: number): WalkPlan {
  const { plan: made } = planWalk(inMemory(bytes), { parts });
  if (made === undefined) throw new Error('the snapshot is unreadable');
  return made;
}

/** Walks in parts, everything copied between them as a worker thread would have it. */
function walk(bytes: Uint8Array, parts: number): WalkReport {
  const made = structuredClone(plan(bytes, parts));
  const results = made.parts.map((part) => structuredClone(walkPart(inMemory(bytes), structuredClone(part))));
  return joinParts(inMemory(bytes), made, results);
}

const model = new EtcdModel();
for (let index = 0; index < 3000; index++) {
  model.transact([
    { key: `key-${index % 700}`, delete: index % 5 === 4 },
    { key: `b-${index % 9}`, delete: false },
  ]);
}
model.compact(2000, true);
const deep = makeSnapshot({ key: model.entries, meta: model.meta, freePages: 9, freelist: true });

describe('a walk in parts', () => {
  it.each([2, 3, 8, 50])('(%i) comes to the same as one in one go', (parts) => {
    for (const bytes of [fixture, deep]) {
      const whole = walk(bytes, 1);
      expect(walk(bytes, parts)).toEqual(whole);
      expect(whole.findings).toEqual([]);
    }
    expect(walk(deep, parts).status.liveKeys).toBe(model.live.size);
  });

  it('is shared out about equally', () => {
    const { parts } = plan(deep, 4);
    expect(parts).toHaveLength(4);
    const entries = parts.map((part) => walkPart(inMemory(deep), part).keySpace.puts);
    expect(Math.min(...entries)).toBeGreaterThan(Math.max(...entries) / 3);
  });

  it('finds a page that two parts use', () => {
    const bad = Buffer.from(deep.subarray(0, -32));
    const made = plan(bad, 4);
    const [first, last] = [made.parts[0], made.parts.at(-1)].map(
      (part) => part?.steps.find((step) => step.subtree)?.subtree,
    );
    const parent = first?.parent ?? 0;
    const count = bad.readUInt16LE(parent * 4096 + 10);
    for (let index = 0; index < count; index++) {
      const at = parent * 4096 + 16 + index * 16 + 8;
      if (Number(bad.readBigUInt64LE(at)) === first?.page) bad.writeBigUInt64LE(BigInt(last?.page ?? 0), at);
    }
    const codes = walk(bad, 4).findings.map(({ code }) => code);
    expect(codes).toContain('BOLT_PAGE_SHARED');
    expect(codes).toContain('BOLT_PAGE_LOST');
  });

  it('finds revisions that are out of order between two parts', () => {
    const made = plan(deep, 2);
    const results = made.parts.map((part) => walkPart(inMemory(deep), part));
    const [first, second] = results;
    if (first === undefined || second === undefined) throw new Error('expected two parts');
    const repeated = { ...second, keySpace: { ...second.keySpace, first: first.keySpace.last } };
    const { findings } = joinParts(inMemory(deep), made, [first, repeated]);
    expect(findings.map(({ code }) => code)).toEqual(['SNAPSHOT_REVISION_ORDER']);
  });

  it('refuses results of another plan', () => {
    expect(() => joinParts(inMemory(deep), plan(deep, 2), [])).toThrow(TypeError);
  });

  it('tells how far it got, and stops when asked', () => {
    const [part] = plan(deep, 1).parts;
    if (part === undefined) throw new Error('expected a part');
    let done = 0;
    walkPart(inMemory(deep), part, { onBytes: (count) => (done += count) });
    const { pages } = walk(deep, 1);
    expect(done).toBeGreaterThan((pages.used - 10) * 4096);
    expect(done).toBeLessThanOrEqual(pages.used * 4096);
    const signal = AbortSignal.abort(new Error('enough'));
    expect(() => walkPart(inMemory(deep), part, { signal })).toThrow('enough');
  });

  it('of a damaged file comes to as many findings as a walk in one go', () => {
    for (let page = 3; page < 40; page += 4) {
      const bad = Buffer.from(deep);
      bad[page * 4096 + 10] = 1;
      const whole = inspectSnapshot(inMemory(bad)).findings.map(({ code }) => code);
      expect(
        walk(bad, 5)
          .findings.map(({ code }) => code)
          .sort(),
      ).toEqual([...whole].sort());
    }
  });
});
