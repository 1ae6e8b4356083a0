import { applyPatch, type Operation } from 'rfc6902';
import * as z from 'zod';
import { isJsonObject, sameJson, type Json, type JsonObject } from '../schema/index.ts';
import { PatchError } from './errors.ts';
import { own } from './json-values.ts';

/** As kube-apiserver (handlers/patch.go: maxJSONPatchOperations). */
const MAX_OPERATIONS = 10_000;

/** What the copies of one patch may add together: a patch of copies of copies would otherwise grow without end. */
const MAX_COPIED_CHARACTERS = 16 * 1024 * 1024;

/** Names that mean something to every object of the language: the library passes over them, so none can lead further. */
const skipped = ['__proto__', 'constructor', 'prototype'];

const json = z.json();
const path = z.string();
const operation = z.discriminatedUnion('op', [
  z.looseObject({ op: z.literal('add'), path, value: json.default(null) }),
  z.looseObject({ op: z.literal('replace'), path, value: json.default(null) }),
  z.looseObject({ op: z.literal('test'), path, value: json.default(null) }),
  z.looseObject({ op: z.literal('remove'), path }),
  z.looseObject({ op: z.literal('move'), path, from: path }),
  z.looseObject({ op: z.literal('copy'), path, from: path }),
]);

type Step = z.infer<typeof operation>;

/**
 * A JSON patch (RFC 6902): its operations one after the other, all or none.
 *
 * The changes are made by a library that takes pointers as they come. So every pointer is followed here first, through
 * what the document itself holds and nothing else, and handed on only where it leads somewhere. As with kube-apiserver,
 * a negative place in a list counts from its end, `replace` adds a field that is missing, and a missing one is copied as
 * null.
 *
 * @throws PatchError PATCH_MALFORMED, PATCH_TOO_LARGE, PATCH_NOT_APPLICABLE with the operation at fault
 */
export function applyJsonPatch(object: JsonObject, operations: unknown): JsonObject {
  if (!Array.isArray(operations)) throw new PatchError('PATCH_MALFORMED', 'a JSON patch must be a list of operations');
  if (operations.length > MAX_OPERATIONS) {
    const count = operations.length;
    throw new PatchError(
      'PATCH_TOO_LARGE',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${count}`,
      { hint: 'Split the patch, or send the whole object.' },
    );
  }
  // The library changes what it is given, and can change all but the root: so the object is a field of it.
  const root: { object: Json } = { object: structuredClone(object) };
  let copied = 0;
  for (const [place, raw] of operations.entries()) {
    const parsed = operation.safeParse(raw);
    if (!parsed.success) {
      const code = typeof raw === 'object' && !Array.isArray(raw) ? 'PATCH_NOT_APPLICABLE' : 'PATCH_MALFORMED';
      throw new PatchError(code, `operation ${place} of the JSON patch is not one of RFC 6902`, {
        cause: parsed.error,
      });
    }
    copied += applyStep(root, parsed.data);
    if (copied > MAX_COPIED_CHARACTERS) throw inapplicable(parsed.data, 'the copies of this patch are too large');
  }
  if (!isJsonObject(root.object)) throw new PatchError('PATCH_NOT_APPLICABLE', 'the patch leaves no JSON object');
  return root.object;
}

/** @returns how much was copied */
function applyStep(root: { object: Json }, step: Step): number {
  switch (step.op) {
    case 'test': {
      const target = locate(root, step, step.path);
      // A field that is missing counts as null.
      if (!sameJson(target.value ?? null, step.value)) throw inapplicable(step, 'test failed');
      return 0;
    }
    case 'add':
      change(root, { op: 'add', path: locate(root, step, step.path, 'insert').pointer, value: step.value }, step);
      return 0;
    case 'replace': {
      const target = locate(root, step, step.path);
      const op = target.value === undefined ? 'add' : 'replace';
      change(root, { op, path: target.pointer, value: step.value }, step);
      return 0;
    }
    case 'remove':
      change(root, { op: 'remove', path: existing(root, step, step.path).pointer }, step);
      return 0;
    case 'move': {
      const source = existing(root, step, step.from);
      if (step.path.startsWith(`${step.from}/`)) throw inapplicable(step, 'it would move a value into itself');
      change(root, { op: 'remove', path: source.pointer }, step);
      const target = locate(root, step, step.path, 'insert');
      change(root, { op: 'add', path: target.pointer, value: source.value }, step);
      return 0;
    }
    case 'copy': {
      // What is missing is copied as null.
      const value = locate(root, step, step.from).value ?? null;
      change(root, { op: 'add', path: locate(root, step, step.path, 'insert').pointer, value }, step);
      return JSON.stringify(value).length;
    }
  }
}

function change(root: { object: Json }, operationToDo: Operation, step: Step): void {
  const [failure] = applyPatch(root, [operationToDo]);
  if (failure) throw inapplicable(step, failure.message);
}

function existing(root: { object: Json }, step: Step, pointer: string): { pointer: string; value: Json } {
  const found = locate(root, step, pointer);
  if (found.value === undefined) throw inapplicable(step, `"${pointer}" does not exist`);
  return { pointer: found.pointer, value: found.value };
}

/**
 * Follows a pointer.
 *
 * @param use - `insert`: an element's place may be just past the end of its list, also as `-`
 * @returns the pointer from the root that the library is to take, and what is there
 */
function locate(
  root: { object: Json },
  step: Step,
  pointer: string,
  use: 'read' | 'insert' = 'read',
): { readonly pointer: string; readonly value: Json | undefined } {
  if (pointer !== '' && !pointer.startsWith('/')) throw inapplicable(step, `"${pointer}" is not a JSON pointer`);
  if (pointer === '' && use === 'insert') throw inapplicable(step, 'nothing can be added in place of the object');
  const tokens = pointer === '' ? [] : pointer.slice(1).split('/').map(unescapeToken);
  let value: Json | undefined = root.object;
  let at = '/object';
  for (const [depth, token] of tokens.entries()) {
    const isLast = depth === tokens.length - 1;
    if (token === '__proto__' || (skipped.includes(token) && !isLast)) {
      throw inapplicable(step, `"${token}" cannot be patched`);
    }
    let name = token;
    if (Array.isArray(value)) {
      const place = placeOf(value, token, isLast && use === 'insert');
      if (place === undefined) throw inapplicable(step, `"${pointer}" is outside of its list`);
      name = String(place);
      value = value[place];
    } else if (isJsonObject(value)) value = own(value, token);
    else throw inapplicable(step, `doc is missing path: "${pointer}"`);
    at += `/${escapeToken(name)}`;
  }
  return { pointer: at, value };
}

function placeOf(list: readonly Json[], token: string, mayInsert: boolean): number | undefined {
  if (token === '-') return mayInsert ? list.length : undefined;
  if (!/^-?\d{1,9}$/.test(token)) return undefined;
  const length = mayInsert ? list.length + 1 : list.length;
  const place = Number(token) < 0 ? length + Number(token) : Number(token);
  return place >= 0 && place < length ? place : undefined;
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}

function escapeToken(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function inapplicable(step: Step, why: string): PatchError {
  const from = 'from' in step && typeof step.from === 'string' ? ` from "${step.from}"` : '';
  return new PatchError('PATCH_NOT_APPLICABLE', `${step.op} operation does not apply at "${step.path}"${from}: ${why}`);
}
