import fc from 'fast-check';
import { createPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import { isJsonObject, type JsonObject } from '../schema/index.ts';
import { applyJsonPatch } from './json-patch.ts';

const object: JsonObject = {
  metadata: { labels: { a: 'x' } },
  spec: { list: ['1', '2', '3'], free: { n: null }, 'a/b~c': 1 },
};

/** Fields as they may be called; what JSON can hold, but for numbers that text cannot bring back. */
const name = fc.constantFrom('a', 'b', 'c/d', 'e~f', '', '0');
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, 0, 1.5, 'x', ''),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
}));
const document = fc.dictionary(name, value, { maxKeys: 4 });

function spec(result: JsonObject): unknown {
  return result['spec'];
}

describe('a JSON patch', () => {
  test('that was made from two documents leads from the one to the other, and leaves the one as it was', () => {
    fc.assert(
      fc.property(document, document, (from, to) => {
        const [before, after] = [plain(from), plain(to)];
        const copy = structuredClone(before);
        expect(applyJsonPatch(before, createPatch(before, after))).toEqual(after);
        expect(before).toEqual(copy);
      }),
    );
  });

  test('adds, replaces, removes, moves, copies and tests in turn', () => {
    const result = applyJsonPatch(object, [
      { op: 'test', path: '/metadata/labels/a', value: 'x' },
      { op: 'add', path: '/spec/free/q', value: { list: [1] } },
      { op: 'copy', from: '/spec/free/q', path: '/spec/free/r' },
      { op: 'move', from: '/spec/free/r/list/0', path: '/spec/free/s' },
      { op: 'remove', path: '/spec/list/1' },
      { op: 'add', path: '/spec/list/-', value: '4' },
      { op: 'replace', path: '/spec/a~1b~0c', value: 2 },
    ]);
    expect(spec(result)).toEqual({
      list: ['1', '3', '4'],
      free: { n: null, q: { list: [1] }, r: { list: [] }, s: 1 },
      'a/b~c': 2,
    });
  });

  test('a place below zero counts from the end, as with kube-apiserver', () => {
    const add = applyJsonPatch(object, [{ op: 'add', path: '/spec/list/-1', value: 'n' }]);
    const remove = applyJsonPatch(object, [{ op: 'remove', path: '/spec/list/-1' }]);
    expect([spec(add), spec(remove)]).toMatchObject([{ list: ['1', '2', '3', 'n'] }, { list: ['1', '2'] }]);
  });

  test('a field that is missing counts as null for a test and a copy, and is added by a replace, as with kube-apiserver', () => {
    const result = applyJsonPatch(object, [
      { op: 'test', path: '/spec/none', value: null },
      { op: 'replace', path: '/spec/new', value: 1 },
      { op: 'copy', from: '/spec/none', path: '/spec/copy' },
      { op: 'add', path: '/spec/bare' },
    ]);
    expect(spec(result)).toMatchObject({ new: 1, copy: null, bare: null });
  });

  test('the whole document can be tested and replaced', () => {
    const patch = [
      { op: 'test', path: '', value: object },
      { op: 'replace', path: '', value: { kind: 'Other' } },
    ];
    expect(applyJsonPatch(object, patch)).toEqual({ kind: 'Other' });
  });

  test.each([
    { op: 'test', path: '/metadata/labels/a', value: 'y' },
    { op: 'test', path: '/none/a', value: null },
    { op: 'remove', path: '/spec/none' },
    { op: 'remove', path: '' },
    { op: 'remove', path: '/spec/list/x' },
    { op: 'replace', path: '/spec/none/x', value: 1 },
    { op: 'replace', path: '/spec/list/3', value: '4' },
    { op: 'replace', path: '/spec/list/-', value: '4' },
    { op: 'add', path: '/spec/list/4', value: '5' },
    { op: 'add', path: '/spec/list/-5', value: '5' },
    { op: 'add', path: '/spec/list/01x', value: '5' },
    { op: 'add', path: '/metadata/labels/a/b', value: 'y' },
    { op: 'add', path: '', value: {} },
    { op: 'add', path: 'spec', value: {} },
    { op: 'replace', path: '', value: [] },
    { op: 'move', from: '/spec', path: '/spec/free' },
    { op: 'move', from: '/spec/none', path: '/spec/x' },
    { op: 'append', path: '/spec' },
    { op: 'move', path: '/spec' },
    { path: '/spec' },
    null,
  ])('%j does not apply', (operation) => {
    expect(() => applyJsonPatch(object, [operation])).toThrow(
      expect.objectContaining({ code: 'PATCH_NOT_APPLICABLE', status: 422, reason: 'Invalid' }),
    );
  });

  test.each([{ op: 'remove', path: '/spec' }, 'x', null, ['x'], [[]]])('%j is none', (operations) => {
    expect(() => applyJsonPatch(object, operations)).toThrow(
      expect.objectContaining({ code: 'PATCH_MALFORMED', status: 400, reason: 'BadRequest' }),
    );
  });

  test('may have 10,000 operations and no more', () => {
    const patch = Array.from({ length: 10_000 }, () => ({ op: 'test', path: '/metadata/labels/a', value: 'x' }));
    expect(applyJsonPatch(object, patch)).toEqual(object);
    expect(() => applyJsonPatch(object, [...patch, ...patch.slice(0, 1)])).toThrow(
      expect.objectContaining({ code: 'PATCH_TOO_LARGE', status: 413 }),
    );
  });

  test('that copies copies of copies ends before it fills the memory', () => {
    const patch = Array.from({ length: 40 }, (_, place) => ({ op: 'copy', from: '/spec', path: `/spec/${place}` }));
    expect(() => applyJsonPatch(object, patch)).toThrow(/copies of this patch are too large/);
  });

  test('reaches nothing but what the document itself holds', () => {
    for (const path of [
      '/__proto__/polluted',
      '/constructor/prototype/polluted',
      '/metadata/__proto__',
      '/spec/toString/x',
    ]) {
      expect(() => applyJsonPatch(object, [{ op: 'add', path, value: 'yes' }])).toThrow(/does not apply/);
    }
    expect(() => applyJsonPatch(object, [{ op: 'remove', path: '/spec/toString' }])).toThrow(/does not exist/);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('a label may have the name of something that every object has', () => {
    const add = { op: 'add', path: '/metadata/labels/constructor', value: 'v' };
    const test = { op: 'test', path: '/metadata/labels/constructor', value: 'v' };
    expect(applyJsonPatch(object, [add, test])['metadata']).toEqual({ labels: { a: 'x', constructor: 'v' } });
    const remove = { op: 'remove', path: '/metadata/labels/constructor' };
    expect(applyJsonPatch(object, [add, remove])).toEqual(object);
  });
});

function plain(drawn: unknown): JsonObject {
  const parsed: unknown = JSON.parse(JSON.stringify(drawn));
  return isJsonObject(parsed) ? parsed : {};
}
