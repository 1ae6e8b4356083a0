import { describe, expect, it } from 'vitest';
import type { JsonSchema } from './json.ts';
import { validateListTypes } from './list-types.ts';
import { sameJson, valueAt } from './json.ts';

const text: JsonSchema = { type: 'string' };
const byType: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    properties: { type: text, tags: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' } },
  },
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
};

describe('a list whose items have an identity', () => {
  it('has each of them once, at any depth', () => {
    const value = [{ type: 'a', tags: ['x', 'y', 'x'] }, { type: 'b' }, { type: 'a' }];
    expect(validateListTypes(byType, value, 'status.conditions')).toEqual([
      { field: 'status.conditions[2]', reason: 'FieldValueDuplicate', message: 'Duplicate value: {"type":"a"}' },
      { field: 'status.conditions[0].tags[2]', reason: 'FieldValueDuplicate', message: 'Duplicate value: "x"' },
    ]);
  });

  it('tells apart what is text and what is a number', () => {
    const set: JsonSchema = { type: 'array', 'x-kubernetes-list-type': 'set' };
    expect(validateListTypes(set, ['1', 1], 'l')).toEqual([]);
  });
});

describe('two values', () => {
  it('are the same whatever the order of their fields', () => {
    expect(sameJson({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 })).toBe(true);
    expect(sameJson({ a: 1 }, { a: 1, b: 1 })).toBe(false);
    expect(sameJson([1, 2], [2, 1])).toBe(false);
    expect(sameJson({}, [])).toBe(false);
    expect(sameJson(undefined, undefined)).toBe(true);
  });

  it('are found by their paths, and nothing is found beside them', () => {
    expect(valueAt({ a: [{ b: 'x' }] }, 'a', 0, 'b')).toBe('x');
    expect(valueAt({ a: [] }, 'a', 'length')).toBeUndefined();
    expect(valueAt({}, 'constructor')).toBeUndefined();
    expect(valueAt('text', 0)).toBeUndefined();
  });
});
