import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';
import {
  isJsonObject,
  kindsFromDefinition,
  objectAt,
  prepareObject,
  type Json,
  type JsonObject,
} from '../schema/index.ts';
import {
  applyJsonPatch,
  applyMergePatch,
  applyServerSide,
  PatchError,
  recordUpdate,
  resetFields,
  type ApplyConflicts,
} from './index.ts';

const object = z.custom<JsonObject>(isJsonObject);
const recordedWrite = z.strictObject({
  write: z.enum(['post', 'put', 'merge', 'json', 'apply']),
  manager: z.string(),
  force: z.boolean().default(false),
  subresource: z.string().optional(),
  request: z.union([object, z.array(z.json())]),
  answer: z.union([
    z.strictObject({ object }),
    z.strictObject({
      status: z.number(),
      message: z.string(),
      causes: z.array(z.strictObject({ message: z.string(), field: z.string() })).optional(),
    }),
  ]),
});
type RecordedWrite = z.infer<typeof recordedWrite>;

const vectors = new URL('../../../test/vectors/field-ownership/writes.jsonl', import.meta.url);
const [head, ...lines] = readFileSync(vectors, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line): unknown => JSON.parse(line));
const { definition } = z.object({ definition: object }).parse(head);
const kind = kindsFromDefinition(definition)[0] ?? expect.fail('the definition serves no version');

test('five objects of a custom kind are written to, and owned, as by a real kube-apiserver', () => {
  let live: JsonObject | undefined;
  let compared = 0;
  for (const [index, line] of lines.entries()) {
    const write = recordedWrite.safeParse(line);
    if (!write.success) {
      expect(line, `line ${index + 2}`).toHaveProperty('object');
      live = undefined;
      continue;
    }
    expect(outcome(live, write.data), `line ${index + 2}`).toEqual(expected(write.data));
    if ('object' in write.data.answer) live = write.data.answer.object;
    compared += 1;
  }
  expect(compared).toBeGreaterThan(70);
});

type Outcome =
  { readonly object: unknown } | { readonly status: number; readonly message: string; readonly causes?: unknown };

function expected({ answer }: RecordedWrite): Outcome {
  if ('object' in answer) return { object: comparable(answer.object) };
  const { status, message, causes } = answer;
  // The server gives the causes in no certain order.
  const sorted = causes && [...causes].sort((a, b) => (a.message + a.field < b.message + b.field ? -1 : 1));
  return { status, message, ...(sorted && { causes: sorted }) };
}

function outcome(live: JsonObject | undefined, write: RecordedWrite): Outcome {
  try {
    const result = written(live, write);
    if (!('conflicts' in result)) return { object: comparable(stored(live, result.object, write.subresource)) };
    const causes = result.conflicts.map(({ message, field }) => ({ message, field }));
    return {
      status: 409,
      message: result.message,
      causes: causes.sort((a, b) => (a.message + a.field < b.message + b.field ? -1 : 1)),
    };
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    return { status: error.status, message: error.message };
  }
}

function written(live: JsonObject | undefined, write: RecordedWrite): { readonly object: JsonObject } | ApplyConflicts {
  const { manager, subresource, request, force } = write;
  const common = {
    schema: kind.schema,
    manager,
    now: new Date('2026-11-23T12:00:00Z'),
    subresource,
    resets: resetFields(kind, subresource),
  };
  const update = (after: JsonObject): { object: JsonObject } => ({
    object: recordUpdate({ before: live, after: prepared(after), ...common }),
  });
  if (write.write === 'json') return update(applyJsonPatch(live ?? {}, request));
  if (!isJsonObject(request)) return expect.fail('the request is no object');
  switch (write.write) {
    case 'apply':
      return applyServerSide({ live, applied: request, force, ...common });
    case 'merge':
      return update(applyMergePatch(live ?? {}, request));
    case 'post':
    case 'put':
      return update(request);
  }
}

/** What of a write is stored: each endpoint has its own part. */
function stored(live: JsonObject | undefined, object: JsonObject, subresource: string | undefined): JsonObject {
  const { status, ...rest } = prepared(object);
  const kept = live?.['status'];
  if (subresource === undefined) return { ...rest, ...(kept !== undefined && { status: kept }) };
  return {
    ...live,
    metadata: { ...without(objectAt(live, 'metadata'), 'managedFields'), ...owned(object) },
    ...(status !== undefined && { status }),
  };
}

function owned(object: JsonObject): JsonObject {
  const { managedFields } = objectAt(object, 'metadata');
  return managedFields === undefined ? {} : { managedFields };
}

/** Defaults filled in; empty fields of the metadata are as good as none. */
function prepared(raw: JsonObject): JsonObject {
  const { object: filled } = prepareObject(kind, raw);
  const full = Object.entries(objectAt(filled, 'metadata')).filter(([, value]) => !isEmpty(value));
  return { ...filled, metadata: Object.fromEntries(full) };
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Without what only the server says, and with times that are only there or not. */
function comparable(object: JsonObject): unknown {
  const { managedFields, ...metadata } = objectAt(object, 'metadata');
  const entries = Array.isArray(managedFields) ? managedFields.filter(isJsonObject) : [];
  const timeless = entries.map(({ time, ...entry }) =>
    JSON.stringify(sorted({ ...entry, hasTime: time !== undefined })),
  );
  const said = without(metadata, 'generation', 'uid', 'creationTimestamp', 'resourceVersion');
  return { ...object, metadata: { ...said, managedFields: timeless.sort() } };
}

function without(object: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name] ?? null)]),
  );
}
