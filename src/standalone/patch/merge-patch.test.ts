import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isJsonObject, type Json, type JsonObject } from '../schema/index.ts';
import { applyMergePatch } from './merge-patch.ts';

describe('a JSON merge patch', () => {
  // RFC 7386, appendix A; those rows in which document and patch are objects.
  test.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('makes of %j with %j %j', (object, patch, result) => {
    expect(applyMergePatch(object, patch)).toEqual(result);
  });

  test.each([[[1]], 'x', null, 5])('%j is none', (patch) => {
    expect(() => applyMergePatch({}, patch)).toThrow(expect.objectContaining({ code: 'PATCH_MALFORMED', status: 400 }));
  });

  test('that says what differs between two objects leads from the one to the other', () => {
    const leaf = fc.constantFrom<Json>(1, 'x', true, ['y']);
    const { node } = fc.letrec<{ node: JsonObject }>((tie) => ({
      node: fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.oneof({ maxDepth: 3 }, leaf, tie('node'))),
    }));
    fc.assert(
      fc.property(node, node, (before, after) => {
        expect(applyMergePatch(before, difference(before, after))).toEqual(after);
      }),
    );
  });

  test('sets no field of what all objects inherit', () => {
    const patch: unknown = JSON.parse('{"a":{"__proto__":{"polluted":true}},"__proto__":{"polluted":true}}');
    const result = applyMergePatch({}, patch);
    expect(Object.hasOwn(result, '__proto__')).toBe(true);
    expect('polluted' in {}).toBe(false);
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  });
});

function difference(before: JsonObject, after: JsonObject): JsonObject {
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name));
  const changed = Object.entries(after).map(([name, value]): [string, Json] => {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    return [name, isJsonObject(value) && isJsonObject(old) ? difference(old, value) : value];
  });
  return Object.fromEntries([...gone.map((name): [string, Json] => [name, null]), ...changed]);
}
