import { isJsonObject, objectAt, textAt, type JsonObject } from '../schema/index.ts';
import type { FieldSet } from './field-set.ts';
import { withField, withoutField } from './json-values.ts';
import { withoutManagedFields } from './managed-fields.ts';
import { compare } from './typed-compare.ts';
import { fieldsOf } from './typed-fields.ts';
import { typeProblems } from './typed-validate.ts';
import type { Type } from './typed.ts';

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** As whom `kubectl apply --server-side` writes; the annotation of its client-side apply is read and kept for it alone. */
export const LAST_APPLIED_MANAGER = 'kubectl';

/** All annotations of an object together; an annotation that would break the limit goes (api/validation/objectmeta.go). */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/**
 * What the last client-side apply said of an object and still stands there: kubectl may take it over without a conflict.
 *
 * @returns undefined where nothing was applied by the client, or it cannot be understood
 */
export function allowedByLastApplied(type: Type, live: JsonObject | undefined): FieldSet | undefined {
  if (live === undefined) return undefined;
  const applied = parsed(textAt(live, 'metadata', 'annotations', ANNOTATION));
  if (applied === undefined || textAt(applied, 'apiVersion') !== textAt(live, 'apiVersion')) return undefined;
  if (typeProblems(type, applied, { allowsDuplicates: false }).length > 0) return undefined;
  const { modified, added, removed } = compare(type, applied, withoutManagedFields(live));
  return fieldsOf(type, applied).difference(modified).difference(added).difference(removed);
}

/** The object with the annotation brought up to date, where it has one. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const metadata = objectAt(object, 'metadata');
  const annotations = objectAt(metadata, 'annotations');
  if (textAt(annotations, ANNOTATION) === '') return object;
  const said = withField(annotations, ANNOTATION, `${JSON.stringify(unannotated(applied))}\n`);
  const fits = sizeOf(said) <= MAX_ANNOTATION_BYTES;
  const kept = fits ? said : withoutField(annotations, ANNOTATION);
  return withField(object, 'metadata', withField(metadata, 'annotations', kept));
}

function unannotated(applied: JsonObject): JsonObject {
  const metadata = objectAt(applied, 'metadata');
  if (!Object.hasOwn(metadata, 'annotations')) return applied;
  const annotations = withoutField(objectAt(metadata, 'annotations'), ANNOTATION);
  return withField(applied, 'metadata', withField(metadata, 'annotations', annotations));
}

function sizeOf(annotations: JsonObject): number {
  const bytes = Object.entries(annotations).map(
    ([name, value]) => Buffer.byteLength(name) + Buffer.byteLength(typeof value === 'string' ? value : ''),
  );
  return bytes.reduce((sum, size) => sum + size, 0);
}

function parsed(text: string): JsonObject | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
