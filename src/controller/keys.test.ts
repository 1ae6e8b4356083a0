import { describe, expect, it } from 'vitest';
import { keyOf, parseKey } from './keys.ts';

describe('the key of an object', () => {
  it.each([
    ['n/j', { namespace: 'n', name: 'j' }],
    ['j', { name: 'j' }],
  ])('is %s, and leads back to it', (key, name) => {
    expect(keyOf(name)).toBe(key);
    expect(parseKey(key)).toEqual(name);
  });

  it('is made from its metadata', () => {
    const metadata = { name: 'j', namespace: 'n', uid: '', resourceVersion: '', creationTimestamp: '' };
    expect(keyOf({ apiVersion: 'batch/v1', kind: 'Job', metadata })).toBe('n/j');
    expect(keyOf({ name: 'j', namespace: '' })).toBe('j');
  });
});
