import { describe, expect, it } from 'vitest';
import { objectAt, type JsonObject } from './json.ts';
import { created, kindNamed, problems } from './test-objects.ts';

const namespace = kindNamed('Namespace');
const claimKind = kindNamed('PersistentVolumeClaim');

function withMetadata(fields: JsonObject): JsonObject {
  const object = created(namespace, {}, 'a');
  return { ...object, metadata: { ...objectAt(object, 'metadata'), ...fields } };
}

describe('metadata', () => {
  it('needs a name', () => {
    expect(problems(namespace, withMetadata({ name: '' }))).toEqual([
      'metadata.name: Required value: name or generateName is required',
    ]);
  });

  it('says of a namespace with dots just that', () => {
    expect(problems(namespace, withMetadata({ name: 'a.b' }))).toEqual([
      'metadata.name: Invalid value: "a.b": must not contain dots',
    ]);
  });

  it('has a namespace where the kind has one, and none where it has none', () => {
    expect(problems(namespace, withMetadata({ namespace: 'x' }))).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
    const claim = {
      metadata: { name: 'a' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1' } } },
    };
    expect(problems(claimKind, claim)).toContain('metadata.namespace: Required value');
  });

  it.each([
    [{ labels: { 'a b': 'c' } }, 'metadata.labels: Invalid value: "a b": name part must consist of'],
    [{ labels: { a: 'c d' } }, 'metadata.labels: Invalid value: "c d": a valid label must be an empty string or'],
    [{ labels: { '/a': 'c' } }, 'metadata.labels: Invalid value: "/a": prefix part must be non-empty'],
    [{ labels: { 'a/b/c': '' } }, 'metadata.labels: Invalid value: "a/b/c": a qualified name must consist of'],
    [{ labels: { a: 'x'.repeat(64) } }, `must be no more than 63 bytes`],
    [{ annotations: { 'A/B_': 'x' } }, 'metadata.annotations: Invalid value: "A/B_": name part must consist of'],
    [
      { annotations: { a: 'x'.repeat(256 * 1024) } },
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ],
    [{ finalizers: ['a b'] }, 'metadata.finalizers: Invalid value: "a b": name part must consist of'],
    [
      { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: '' }] },
      'metadata.ownerReferences[0].uid: Invalid value: "": must not be empty',
    ],
  ])('is refused with %j', (fields, problem) => {
    const found = problems(namespace, withMetadata(fields));
    expect(found).toHaveLength(1);
    expect(found.join()).toContain(problem);
  });

  it('has one controller at most', () => {
    const owner = (name: string): JsonObject => ({ apiVersion: 'v1', kind: 'Pod', name, uid: name, controller: true });
    expect(problems(namespace, withMetadata({ ownerReferences: [owner('a'), owner('b')] })).join()).toContain(
      'Only one reference can have Controller set to true. Found "true" in references for a and b',
    );
  });
});

describe('a change of metadata', () => {
  const old = withMetadata({});

  it('cannot make another object of it', () => {
    const changed = withMetadata({ uid: 'u-2', creationTimestamp: '2026-11-23T11:00:00Z' });
    expect(problems(namespace, changed, old)).toEqual([
      'metadata.uid: Invalid value: "u-2": field is immutable',
      'metadata.creationTimestamp: Invalid value: "2026-11-23T11:00:00Z": field is immutable',
    ]);
  });

  it('adds no finalizer to an object that is being deleted', () => {
    const dying = withMetadata({ deletionTimestamp: '2026-11-23T11:00:00Z', finalizers: ['a', 'b'] });
    const more = withMetadata({ deletionTimestamp: '2026-11-23T11:00:00Z', finalizers: ['b', 'c'] });
    expect(problems(namespace, more, dying)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"c"}',
    ]);
  });
});
