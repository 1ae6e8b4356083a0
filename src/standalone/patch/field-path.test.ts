import { describe, expect, test } from 'vitest';
import { compareElements, fieldElement, keyElement, parseElement, printPath, valueElement } from './field-path.ts';

describe('the steps of a field path', () => {
  test('an element of a list is named by its keys in the order of their names', () => {
    expect(keyElement({ protocol: 'TCP', containerPort: 80 })).toBe('k:{"containerPort":80,"protocol":"TCP"}');
  });

  test('characters that Go escapes in JSON are escaped, so that one element has one name', () => {
    expect(valueElement('<a&b>\u2028')).toBe('v:"\\u003ca\\u0026b\\u003e\\u2028"');
    expect(parseElement('v:"<a&b>\u2028"')).toBe(valueElement('<a&b>\u2028'));
    expect(parseElement('k:{"b":1,"a":"<"}')).toBe(keyElement({ a: '<', b: 1 }));
  });

  test('steps of kinds that a later version may invent are passed over', () => {
    expect(parseElement('z:what')).toBeUndefined();
  });

  test.each(['', 'f', 'name', 'v:{', 'k:[1]', 'k:', 'i:one'])('%j names no field', (text) => {
    expect(() => parseElement(text)).toThrow(expect.objectContaining({ code: 'PATCH_MALFORMED' }));
  });

  test('a path is printed as kube-apiserver prints it', () => {
    const path = [fieldElement('spec'), keyElement({ port: 80, proto: 'TCP' }), fieldElement('sub'), valueElement('q')];
    expect(printPath([...path, 'i:3'])).toBe('.spec[port=80,proto="TCP"].sub[="q"][3]');
  });

  test('fields come before keys, keys before values, values before places; each kind in its own order', () => {
    const steps = [
      'i:1',
      'v:true',
      'v:"a"',
      'v:10',
      'v:9',
      'k:{"a":"y"}',
      'k:{"a":"x","b":1}',
      'k:{"a":"x"}',
      'f:b',
      'f:a',
    ];
    const parsed = steps.map((text) => parseElement(text) ?? expect.fail(text));
    expect(parsed.sort(compareElements)).toEqual([
      ...['f:a', 'f:b', 'k:{"a":"x"}', 'k:{"a":"x","b":1}', 'k:{"a":"y"}', 'v:9', 'v:10', 'v:"a"', 'v:true', 'i:1'],
    ]);
  });
});
