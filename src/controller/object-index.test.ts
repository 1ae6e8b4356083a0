import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../apiserver/index.ts';
import { ObjectCache } from './object-cache.ts';
import { createIndex } from './object-index.ts';

const object = (name: string, labels: readonly string[], uid: string, version: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid,
    resourceVersion: String(version),
    creationTimestamp: '',
    labels: Object.fromEntries(labels.map((label) => [label, ''])),
  },
});

const labelsOf = ({ metadata }: KubeObject): readonly string[] => Object.keys(metadata.labels ?? {});

describe('An index', () => {
  it('finds what stands by each of its values, through every change', () => {
    const change = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      labels: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')),
      uid: fc.constantFrom('1', '2'),
      isDeleted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const cache = new ObjectCache<KubeObject>((error) => {
          throw error;
        });
        const index = createIndex({ onChange: (listener) => cache.onChange(listener) }, labelsOf);
        changes.forEach(({ name, labels, uid, isDeleted }, version) => {
          const changed = object(name, labels, uid, version + 1);
          if (isDeleted) cache.remove(changed);
          else cache.put(changed);
        });
        for (const label of ['x', 'y', 'z']) {
          const expected = cache.list().filter((each) => labelsOf(each).includes(label));
          expect(new Set(index.get(label))).toEqual(new Set(expected));
        }
      }),
    );
  });

  it('is up to date for those who listen after it', () => {
    const cache = new ObjectCache<KubeObject>(() => undefined);
    const index = createIndex({ onChange: (listener) => cache.onChange(listener) }, labelsOf);
    const seen: number[] = [];
    cache.onChange(() => seen.push(index.get('x').length));
    cache.put(object('a', ['x'], '1', 1));
    cache.remove(object('a', ['x'], '1', 2));
    expect(seen).toEqual([1, 0]);
  });
});
