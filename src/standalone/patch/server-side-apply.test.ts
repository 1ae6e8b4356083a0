import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  builtInKinds,
  listAt,
  objectAt,
  textAt,
  type Json,
  type JsonObject,
  type JsonSchema,
} from '../schema/index.ts';
import { applyServerSide, recordUpdate, type ApplyConflicts } from './index.ts';

const kind = builtInKinds().find(({ kind: name }) => name === 'CronJob') ?? expect.fail('there is no kind CronJob');
const noon = new Date('2026-11-23T12:00:00Z');
const later = new Date('2026-11-23T12:05:00Z');
const head = { apiVersion: 'batch/v1', kind: 'CronJob' };

interface Apply {
  readonly manager?: string;
  readonly force?: boolean;
  readonly now?: Date;
  readonly schema?: JsonSchema;
}

function attempt(
  live: JsonObject | undefined,
  part: JsonObject,
  options: Apply = {},
): ReturnType<typeof applyServerSide> {
  const { manager = 'one', force = false, now = noon, schema = kind.schema } = options;
  const metadata = { name: 'nightly', ...objectAt(part, 'metadata') };
  return applyServerSide({ live, applied: { ...head, ...part, metadata }, schema, manager, force, now });
}

function applied(live: JsonObject | undefined, part: JsonObject, options?: Apply): JsonObject {
  const result = attempt(live, part, options);
  if ('conflicts' in result) return expect.fail(result.message);
  return { ...result.object, metadata: { ...objectAt(result.object, 'metadata'), uid: 'u' } };
}

function conflict(live: JsonObject, part: JsonObject, options?: Apply): ApplyConflicts {
  const result = attempt(live, part, options);
  return 'conflicts' in result ? result : expect.fail('there is no conflict');
}

const entries = (object: JsonObject): JsonObject[] =>
  listAt(object, 'metadata', 'managedFields').map((entry) => objectAt(entry));
const shortly = (object: JsonObject): unknown[] =>
  entries(object).map((entry) => `${textAt(entry, 'manager')} ${textAt(entry, 'operation')}`);

describe('an apply', () => {
  test('makes an object, and its manager owns what it says', () => {
    const made = applied(undefined, { spec: { schedule: '20 4 * * *' } });
    expect(made).toMatchObject({ ...head, metadata: { name: 'nightly' }, spec: { schedule: '20 4 * * *' } });
    expect(entries(made)).toEqual([
      {
        manager: 'one',
        operation: 'Apply',
        apiVersion: 'batch/v1',
        time: '2026-11-23T12:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:schedule': {} } },
      },
    ]);
  });

  test('of the same again changes nothing, not even a time', () => {
    const made = applied(undefined, { spec: { schedule: '20 4 * * *' } });
    expect(applied(made, { spec: { schedule: '20 4 * * *' } }, { now: later })).toEqual(made);
  });

  test('takes away what its manager says no more', () => {
    const first = applied(undefined, {
      metadata: { labels: { a: 'x', b: 'y' } },
      spec: { suspend: true, schedule: 'x' },
    });
    const second = applied(first, { metadata: { labels: { b: 'y' } }, spec: { schedule: 'x' } });
    expect(second).toMatchObject({ metadata: { labels: { b: 'y' } }, spec: { schedule: 'x' } });
    expect(second['spec']).not.toHaveProperty('suspend');
    expect(objectAt(second, 'metadata', 'labels')).not.toHaveProperty('a');
  });

  test('leaves what another manager says too', () => {
    const first = applied(undefined, { spec: { suspend: true, schedule: 'x' } });
    const shared = applied(first, { spec: { suspend: true } }, { manager: 'two' });
    const second = applied(shared, { spec: { schedule: 'x' } });
    expect(second['spec']).toEqual({ suspend: true, schedule: 'x' });
    expect(entries(second).find(({ manager }) => manager === 'one')?.['fieldsV1']).toEqual({
      'f:spec': { 'f:schedule': {} },
    });
  });

  test('leaves what it never said, as defaults', () => {
    const made = applied(undefined, { spec: { schedule: 'x' } });
    const withDefaults = { ...made, spec: { ...objectAt(made, 'spec'), suspend: false } };
    expect(applied(withDefaults, { spec: { schedule: 'y' } })['spec']).toEqual({ schedule: 'y', suspend: false });
  });

  test('merges lists by their keys, and keeps the elements of others where they stand', () => {
    const owners = (...uids: string[]): JsonObject => ({
      metadata: { ownerReferences: uids.map((uid) => ({ apiVersion: 'v1', kind: 'Node', name: 'n', uid })) },
    });
    const first = applied(undefined, owners('a', 'b'));
    const both = applied(first, owners('c'), { manager: 'two' });
    const last = applied(both, owners('b'));
    expect(listAt(last, 'metadata', 'ownerReferences').map((owner) => objectAt(owner)['uid'])).toEqual(['b', 'c']);
  });

  test('unites sets', () => {
    const first = applied(undefined, { metadata: { finalizers: ['x/a'] } });
    const both = applied(first, { metadata: { finalizers: ['x/b'] } }, { manager: 'two' });
    expect(listAt(both, 'metadata', 'finalizers')).toEqual(['x/a', 'x/b']);
    expect(listAt(applied(both, {}), 'metadata', 'finalizers')).toEqual(['x/b']);
  });
});

describe('a conflict', () => {
  const made = applied(undefined, { spec: { schedule: 'x', suspend: true } });

  test('names the manager and the field', () => {
    expect(conflict(made, { spec: { schedule: 'y' } }, { manager: 'two' })).toEqual({
      conflicts: [{ manager: '"one"', field: '.spec.schedule', message: 'conflict with "one"' }],
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.schedule',
    });
  });

  test('with several fields of several managers lists them all', () => {
    const after = { ...made, spec: { ...objectAt(made, 'spec'), suspend: false } };
    const live = recordUpdate({ before: made, after, schema: kind.schema, manager: 'kubectl', now: later });
    expect(conflict(live, { spec: { schedule: 'y', suspend: true } }, { manager: 'two' }).message).toBe(
      'Apply failed with 2 conflicts: conflicts with "kubectl" using batch/v1:\n- .spec.suspend\nconflicts with "one":\n- .spec.schedule',
    );
  });

  test('names the subresource of a manager', () => {
    const status = { lastScheduleTime: '2026-11-23T04:20:00Z' };
    const live = recordUpdate({
      before: made,
      after: { ...made, status },
      schema: kind.schema,
      manager: 'controller',
      now: later,
      subresource: 'status',
    });
    const result = applyServerSide({
      live,
      applied: { ...head, metadata: { name: 'nightly' }, status: { lastScheduleTime: '2026-11-23T05:20:00Z' } },
      schema: kind.schema,
      manager: 'two',
      force: false,
      now: later,
      subresource: 'status',
    });
    expect(result).toMatchObject({
      conflicts: [
        { manager: '"controller" with subresource "status" using batch/v1', field: '.status.lastScheduleTime' },
      ],
    });
  });

  test('is none where the value is the same: the field is owned by both', () => {
    const shared = applied(made, { spec: { schedule: 'x' } }, { manager: 'two' });
    expect(shortly(shared).sort()).toEqual(['one Apply', 'two Apply']);
  });

  test('is settled by force: the field changes hands', () => {
    const taken = applied(made, { spec: { schedule: 'y' } }, { manager: 'two', force: true });
    expect(taken['spec']).toEqual({ schedule: 'y', suspend: true });
    expect(entries(taken).find(({ manager }) => manager === 'one')?.['fieldsV1']).toEqual({
      'f:spec': { 'f:suspend': {} },
    });
    expect(conflict(taken, { spec: { schedule: 'x', suspend: true } }).message).toContain('conflict with "two"');
  });

  test('stands between an apply and an update by the same name', () => {
    const after = { ...made, spec: { ...objectAt(made, 'spec'), schedule: 'z' } };
    const live = recordUpdate({ before: made, after, schema: kind.schema, manager: 'one', now: later });
    expect(conflict(live, { spec: { schedule: 'x', suspend: true } }).message).toBe(
      'Apply failed with 1 conflict: conflict with "one" using batch/v1: .spec.schedule',
    );
  });
});

describe('objects from before', () => {
  test('that nobody tracked belong to whoever came before the first apply', () => {
    const live = { ...head, metadata: { name: 'nightly', uid: 'u' }, spec: { schedule: 'x', suspend: true } };
    expect(conflict(live, { spec: { schedule: 'y' } }).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using batch/v1: .spec.schedule',
    );
    expect(shortly(applied(live, { spec: { schedule: 'x' } }))).toEqual(['one Apply', 'before-first-apply Update']);
  });

  test('that kubectl applied by itself are taken over by kubectl without a conflict, and by nobody else', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const last = JSON.stringify({ ...head, metadata: { name: 'nightly' }, spec: { schedule: 'x' } });
    const after = {
      ...head,
      metadata: { name: 'nightly', uid: 'u', annotations: { [annotation]: last } },
      spec: { schedule: 'x', suspend: true },
    };
    const live = recordUpdate({
      before: undefined,
      after,
      schema: kind.schema,
      manager: 'kubectl-client-side-apply',
      now: noon,
    });
    expect(conflict(live, { spec: { schedule: 'y' } }, { manager: 'else' }).conflicts).toHaveLength(1);
    expect(conflict(live, { spec: { suspend: false } }, { manager: 'kubectl' }).conflicts).toHaveLength(1);
    const taken = applied(live, { spec: { schedule: 'y' } }, { manager: 'kubectl' });
    expect(taken['spec']).toEqual({ schedule: 'y', suspend: true });
    expect(objectAt(taken, 'metadata', 'annotations')[annotation]).toContain('"schedule":"y"');
  });
});

describe('what cannot be applied', () => {
  test.each<[JsonObject, string]>([
    [{ spec: { nonsense: 1 } }, '.spec.nonsense: field not declared in schema'],
    [{ spec: { schedule: 5 } }, '.spec.schedule: expected string, got &value.valueUnstructured{Value:5}'],
    [{ spec: { suspend: 'x' } }, '.spec.suspend: expected boolean, got &{x}'],
    [
      { spec: { successfulJobsHistoryLimit: 'x' } },
      '.spec.successfulJobsHistoryLimit: expected numeric (int or float), got string',
    ],
    [{ spec: [] }, '.spec: expected map, got &{[]}'],
    [{ metadata: { finalizers: ['a', 'a'] } }, '.metadata.finalizers: duplicate entries for key [="a"]'],
    [{ metadata: { finalizers: 'a' } }, '.metadata.finalizers: expected list, got &{a}'],
    [
      { metadata: { finalizers: [null] } },
      ".metadata.finalizers: element 0: associative list without keys has an element that's an explicit null",
    ],
    [
      { metadata: { ownerReferences: [{ name: 'x' }] } },
      '.metadata.ownerReferences: element 0: associative list with keys has an element that omits all key fields ["uid"] (and doesn\'t have default values for any key fields)',
    ],
    [
      { spec: { schedule: true, suspend: 1 } },
      'errors:\n  .spec.schedule: expected string, got &value.valueUnstructured{Value:true}\n  .spec.suspend: expected boolean, got &{1}',
    ],
  ])('%j is refused in the words of kube-apiserver', (part, words) => {
    const message = `failed to create typed patch object (/nightly; batch/v1, Kind=CronJob): ${words}`;
    expect(() => attempt(undefined, part)).toThrow(
      expect.objectContaining({ code: 'PATCH_UNFIT', status: 500, message }),
    );
  });

  test('managedFields are not for a client to apply', () => {
    expect(() => attempt(undefined, { metadata: { managedFields: [] } })).toThrow(
      expect.objectContaining({ code: 'PATCH_MALFORMED', message: 'metadata.managedFields must be nil' }),
    );
  });
});

describe('whatever is applied', () => {
  const text = fc.constantFrom('p', 'q', 'r');
  const labels = (...names: string[]): fc.Arbitrary<JsonObject> => fc.dictionary(fc.constantFrom(...names), text);
  const part = (...names: string[]): fc.Arbitrary<JsonObject> =>
    fc.record({
      metadata: fc.record({
        labels: labels(...names),
        finalizers: fc.uniqueArray(fc.constantFrom(...names)),
        ownerReferences: fc
          .uniqueArray(fc.constantFrom(...names))
          .map((uids) => uids.map((uid): Json => ({ apiVersion: 'v1', kind: 'Node', name: uid, uid }))),
      }),
    });

  test('applying it twice is applying it once', () => {
    fc.assert(
      fc.property(part('a', 'b'), part('b', 'c'), (first, second) => {
        const live = applied(undefined, first, { manager: 'two' });
        const once = applied(live, second, { force: true });
        expect(applied(once, second, { force: true, now: later })).toEqual(once);
      }),
    );
  });

  test('two managers of different fields never meet, and each can take back its own', () => {
    fc.assert(
      fc.property(part('a', 'b'), part('c', 'd'), part('a', 'b'), (one, two, next) => {
        const alone = applied(undefined, two, { manager: 'two' });
        const both = applied(alone, one);
        const changed = applied(both, next, { now: later });
        const gone = applied(changed, {}, { now: later });
        expect(objectAt(gone, 'metadata', 'labels')).toEqual(objectAt(two, 'metadata', 'labels'));
        expect(listAt(gone, 'metadata', 'finalizers')).toEqual(listAt(two, 'metadata', 'finalizers'));
        expect(listAt(gone, 'metadata', 'ownerReferences')).toEqual(listAt(two, 'metadata', 'ownerReferences'));
      }),
    );
  });
});
