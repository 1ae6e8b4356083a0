import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldElement, keyElement, valueElement, type Path } from './field-path.ts';
import { FieldSet } from './field-set.ts';
import { typeOf } from './typed.ts';

const element = fc.oneof(
  fc.constantFrom('a', 'b', 'c').map(fieldElement),
  fc.constantFrom('x', 'y').map((name) => keyElement({ name })),
  fc.constantFrom('p', 1, true).map(valueElement),
);
const path: fc.Arbitrary<Path> = fc.array(element, { minLength: 1, maxLength: 4 });
const paths = fc.array(path, { maxLength: 12 });
const textsOf = (set: FieldSet): string[] => [...set.paths()].map((one) => one.join(' ')).sort();
const unique = (list: readonly Path[]): string[] => [...new Set(list.map((one) => one.join(' ')))].sort();

describe('a set of fields', () => {
  test('holds the paths that it was made of, and no parent of theirs', () => {
    fc.assert(
      fc.property(paths, path, (list, other) => {
        const set = FieldSet.of(list);
        expect(textsOf(set)).toEqual(unique(list));
        expect(set.has(other)).toBe(unique(list).includes(other.join(' ')));
        expect(set.isEmpty).toBe(list.length === 0);
      }),
    );
  });

  test('unions, intersections and differences are those of the paths', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const [left, right] = [FieldSet.of(a), FieldSet.of(b)];
        const isIn = (list: readonly Path[]) => (text: string) => unique(list).includes(text);
        expect(textsOf(left.union(right))).toEqual(unique([...a, ...b]));
        expect(textsOf(left.intersection(right))).toEqual(unique(a).filter(isIn(b)));
        expect(textsOf(left.difference(right))).toEqual(unique(a).filter((text) => !isIn(b)(text)));
      }),
    );
  });

  test('what is taken out with all below it leaves nothing that begins like it', () => {
    fc.assert(
      fc.property(paths, paths, (a, b) => {
        const gone = unique(b);
        const isBelow = (text: string): boolean => gone.some((one) => text === one || text.startsWith(`${one} `));
        expect(textsOf(FieldSet.of(a).without(FieldSet.of(b)))).toEqual(unique(a).filter((text) => !isBelow(text)));
      }),
    );
  });

  test('comes back the same from FieldsV1', () => {
    fc.assert(
      fc.property(paths, (list) => {
        const set = FieldSet.of(list);
        const carried: unknown = JSON.parse(JSON.stringify(set.toFields()));
        expect(textsOf(FieldSet.fromFields(carried))).toEqual(textsOf(set));
      }),
    );
  });

  test('a member that has members below it is marked by a dot', () => {
    const set = FieldSet.of([['f:a'], ['f:a', 'f:b'], ['f:c', 'f:d']]);
    expect(set.toFields()).toEqual({ 'f:a': { '.': {}, 'f:b': {} }, 'f:c': { 'f:d': {} } });
  });

  test('steps that nobody knows are left out when it is read', () => {
    expect(textsOf(FieldSet.fromFields({ 'f:a': { 'z:new': {} }, 'z:new': { 'f:b': {} } }))).toEqual(['f:a']);
  });

  test.each([null, [], 'f:a', { 'f:a': 1 }, { a: {} }])('%j is not FieldsV1', (fields) => {
    expect(() => FieldSet.fromFields(fields)).toThrow(expect.objectContaining({ code: 'PATCH_MALFORMED' }));
  });

  test('the fields that the type knows by name become members where something below them is one', () => {
    const type = typeOf({
      type: 'object',
      properties: { spec: { type: 'object', additionalProperties: { type: 'object', additionalProperties: {} } } },
    });
    const set = FieldSet.of([['f:spec', 'f:any', 'f:deep']]).withNamedFields(type);
    expect(textsOf(set)).toEqual(['f:spec', 'f:spec f:any f:deep']);
  });
});
