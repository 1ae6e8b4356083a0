import { textAt, type JsonObject, type JsonSchema } from '../schema/index.ts';
import { FieldSet } from './field-set.ts';
import {
  managerKey,
  withoutManagedFields,
  writeTime,
  type ManagedEntry,
  type ManagedFields,
  type Manager,
} from './managed-fields.ts';
import { compare, type Comparison } from './typed-compare.ts';
import { typeOf, type Type } from './typed.ts';

/** Who writes to an object of which kind, and when. */
export interface FieldWrite {
  /** Of the whole object. */
  readonly schema: JsonSchema;
  /** The `fieldManager` of the request, or the first part of its user agent. */
  readonly manager: string;
  readonly now: Date;
  readonly subresource?: string | undefined;
  /**
   * Fields that this endpoint does not write whatever a request says, as paths: nobody comes to own them by it. Default:
   * what {@link resetFields} says of a built-in kind with a status.
   */
  readonly resets?: readonly (readonly string[])[] | undefined;
}

/** What the endpoints of a kind never write: the object's own not its status, the status' nothing but it. */
export function resetFields(
  kind: { readonly hasStatus: boolean; readonly custom: boolean },
  subresource?: string,
): readonly (readonly string[])[] {
  if (subresource === 'status') return kind.custom ? [['metadata'], ['spec']] : [['spec']];
  return kind.hasStatus ? [['status']] : [];
}

/** The server itself says these; nobody owns them (managedfields/stripmeta.go). */
export const unowned = FieldSet.ofFields(
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((name) => ['metadata', name]),
);

/** The manager of this write. */
export function selfOf(operation: Manager['operation'], apiVersion: string, write: FieldWrite): Manager {
  const { manager, subresource = '' } = write;
  return { name: manager === '' ? 'unknown' : manager, operation, apiVersion, subresource };
}

export function resetSet({ resets, subresource }: FieldWrite): FieldSet {
  return FieldSet.ofFields(...(resets ?? resetFields({ hasStatus: true, custom: false }, subresource)));
}

/** What a write changes, of what it may. */
export function compared(type: Type, before: JsonObject, after: JsonObject, write: FieldWrite): Comparison {
  const resets = resetSet(write);
  const { removed, modified, added } = compare(type, withoutManagedFields(before), withoutManagedFields(after));
  return { removed: removed.without(resets), modified: modified.without(resets), added: added.without(resets) };
}

/** What the change takes from each manager but the one who makes it. */
export function conflictsWith(managed: ManagedFields, self: string, { modified, added }: Comparison): ManagedEntry[] {
  const changed = modified.union(added);
  return [...managed]
    .filter(([key]) => key !== self)
    .map(([, entry]) => ({ ...entry, fields: entry.fields.intersection(changed) }))
    .filter(({ fields }) => !fields.isEmpty);
}

/** The entries after the change: others lose what was changed or removed. Entries without fields go. */
export function disowned(
  managed: ManagedFields,
  self: string,
  { removed, modified, added }: Comparison,
): ManagedFields {
  const changed = modified.union(added);
  const left = [...managed].map(([key, entry]): [string, ManagedEntry] => {
    if (key === self) return [key, entry];
    return [key, { ...entry, fields: entry.fields.difference(changed).difference(removed) }];
  });
  return new Map(left.filter(([, { fields }]) => !fields.isEmpty));
}

/** The entries after a write that is no apply: whoever makes it owns what it changes. */
export function record(
  before: JsonObject | undefined,
  after: JsonObject,
  known: ManagedFields,
  write: FieldWrite,
): ManagedFields {
  const type = typeOf(write.schema);
  const apiVersion = textAt(after, 'apiVersion');
  const empty = { apiVersion, kind: textAt(after, 'kind') };
  const comparison = compared(type, before ?? empty, after, write);
  const managed = new Map(disowned(known, '', comparison));
  const taken = comparison.modified.union(comparison.added).difference(unowned);
  if (taken.isEmpty) return managed;
  const self = selfOf('Update', apiVersion, write);
  const key = managerKey(self);
  const fields = taken.union(managed.get(key)?.fields ?? FieldSet.empty);
  return managed.set(key, { ...self, fields, time: writeTime(write.now) });
}
