import { describe, expect, test } from 'vitest';
import { builtInKinds, listAt, objectAt, type JsonObject } from '../schema/index.ts';
import { keepManagedTimes, recordUpdate, resetFields } from './index.ts';

const kind = builtInKinds().find(({ kind: name }) => name === 'CronJob') ?? expect.fail('there is no kind CronJob');
const { schema } = kind;
const noon = new Date('2026-11-23T12:00:00.700Z');
const later = new Date('2026-11-23T12:05:00Z');

const wanted: JsonObject = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'nightly', namespace: 'n', labels: { app: 'x' }, uid: 'u' },
  spec: { schedule: '20 4 * * *', suspend: false },
};
const made = recordUpdate({ before: undefined, after: wanted, schema, manager: 'kubectl', now: noon });
const managersOf = (object: JsonObject): unknown[] =>
  listAt(object, 'metadata', 'managedFields').map((entry) => objectAt(entry)['manager']);
const fieldsOf = (object: JsonObject, place = 0): unknown =>
  objectAt(listAt(object, 'metadata', 'managedFields')[place])['fieldsV1'];

describe('who writes an object', () => {
  test('owns what it set, but for the name and what the server says', () => {
    expect(listAt(made, 'metadata', 'managedFields')).toEqual([
      {
        manager: 'kubectl',
        operation: 'Update',
        apiVersion: 'batch/v1',
        time: '2026-11-23T12:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': { '.': {}, 'f:schedule': {}, 'f:suspend': {} },
        },
      },
    ]);
  });

  test('without a name is called unknown', () => {
    expect(managersOf(recordUpdate({ before: undefined, after: wanted, schema, manager: '', now: noon }))).toEqual([
      'unknown',
    ]);
  });

  test('takes what it changes from whoever owned it, and nothing else', () => {
    const after = { ...made, spec: { schedule: '0 5 * * *', suspend: false } };
    const result = recordUpdate({ before: made, after, schema, manager: 'operator', now: later });
    expect(managersOf(result)).toEqual(['kubectl', 'operator']);
    expect(fieldsOf(result, 0)).toMatchObject({ 'f:spec': { '.': {}, 'f:suspend': {} } });
    expect(fieldsOf(result, 1)).toEqual({ 'f:spec': { 'f:schedule': {} } });
  });

  test('of a status is another manager than of the object', () => {
    const after = { ...made, status: { lastScheduleTime: '2026-11-23T04:20:00Z' } };
    const result = recordUpdate({ before: made, after, schema, manager: 'kubectl', now: later, subresource: 'status' });
    expect(listAt(result, 'metadata', 'managedFields')[1]).toMatchObject({
      manager: 'kubectl',
      subresource: 'status',
      fieldsV1: { 'f:status': { '.': {}, 'f:lastScheduleTime': {} } },
    });
  });

  test('owns nothing of what its endpoint does not write', () => {
    expect(resetFields(kind)).toEqual([['status']]);
    expect(resetFields(kind, 'status')).toEqual([['spec']]);
    expect(resetFields({ custom: true, hasStatus: true }, 'status')).toEqual([['metadata'], ['spec']]);
    expect(resetFields({ custom: true, hasStatus: false })).toEqual([]);
    const after = { ...wanted, status: { lastScheduleTime: '2026-11-23T04:20:00Z' } };
    const result = recordUpdate({ before: undefined, after, schema, manager: 'kubectl', now: noon });
    expect(fieldsOf(result)).toEqual(fieldsOf(made));
  });

  test('removes a field from all who owned it', () => {
    const { labels, ...metadata } = objectAt(made, 'metadata');
    expect(labels).toBeDefined();
    const result = recordUpdate({ before: made, after: { ...made, metadata }, schema, manager: 'other', now: later });
    expect(managersOf(result)).toEqual(['kubectl']);
    expect(fieldsOf(result)).toEqual({ 'f:spec': { '.': {}, 'f:schedule': {}, 'f:suspend': {} } });
  });
});

describe('managedFields that a client sends', () => {
  const update = (managedFields: unknown, subresource?: string): JsonObject => {
    const parsed: unknown = JSON.parse(
      JSON.stringify({ ...made, metadata: { ...objectAt(made, 'metadata'), managedFields } }),
    );
    return recordUpdate({ before: made, after: parsed as JsonObject, schema, manager: 'x', now: later, subresource });
  };

  test.each([[[]], [[{}]]])('%j ends the tracking of the object', (managedFields) => {
    const untracked = update(managedFields);
    expect(untracked['metadata']).not.toHaveProperty('managedFields');
    const next = recordUpdate({
      before: untracked,
      after: { ...untracked, spec: {} },
      schema,
      manager: 'x',
      now: later,
    });
    expect(next['metadata']).not.toHaveProperty('managedFields');
  });

  test('may give fields up', () => {
    const fieldsV1 = { 'f:spec': { 'f:suspend': {} } };
    const entry = { manager: 'kubectl', operation: 'Update', apiVersion: 'batch/v1', fieldsType: 'FieldsV1', fieldsV1 };
    expect(listAt(update([entry]), 'metadata', 'managedFields')).toEqual([entry]);
  });

  test.each([
    [undefined],
    [[{ manager: 'x', operation: 'Delete', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: {} }]],
    [[{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV2', fieldsV1: {} }]],
    [[{ manager: 'x', operation: 'Update', apiVersion: '', fieldsType: 'FieldsV1', fieldsV1: {} }]],
    [[{ manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { nonsense: {} } }]],
    [['x']],
  ])('%j leaves the stored ones in force', (managedFields) => {
    expect(listAt(update(managedFields), 'metadata', 'managedFields')).toEqual(
      listAt(made, 'metadata', 'managedFields'),
    );
  });

  test('do not count at a subresource', () => {
    expect(listAt(update([], 'status'), 'metadata', 'managedFields')).toEqual(
      listAt(made, 'metadata', 'managedFields'),
    );
  });
});

test('of more than ten who update an object, the oldest are put together', () => {
  let object = made;
  for (let minute = 1; minute <= 14; minute += 1) {
    const labels = { ...objectAt(object, 'metadata', 'labels'), [`l${minute}`]: 'x' };
    const after = { ...object, metadata: { ...objectAt(object, 'metadata'), labels } };
    const now = new Date(noon.getTime() + minute * 60_000);
    object = recordUpdate({ before: object, after, schema, manager: `m${minute}`, now });
  }
  const names = managersOf(object);
  expect(names).toHaveLength(10);
  expect(names.slice(0, 2)).toEqual(['ancient-changes', 'm6']);
  expect(fieldsOf(object)).toMatchObject({ 'f:metadata': { 'f:labels': { 'f:app': {}, 'f:l1': {}, 'f:l5': {} } } });
});

test('where a value does not fit the schema, nobody owns anything', () => {
  const after = { ...made, spec: { schedule: ['x'] } };
  expect(recordUpdate({ before: made, after, schema, manager: 'x', now: later })['metadata']).not.toHaveProperty(
    'managedFields',
  );
});

test('a write that changes nothing but times is none', () => {
  const again = recordUpdate({ before: made, after: wanted, schema, manager: 'kubectl', now: later });
  expect(keepManagedTimes(made, again)).toBe(made);
  const [entry] = listAt(made, 'metadata', 'managedFields');
  const newer = {
    ...made,
    metadata: { ...objectAt(made, 'metadata'), managedFields: [{ ...objectAt(entry), time: '2026-11-24T00:00:00Z' }] },
  };
  expect(keepManagedTimes(made, newer)).toBe(made);
  const other = { ...newer, spec: { schedule: '0 1 * * *' } };
  expect(keepManagedTimes(made, other)).toBe(other);
});
