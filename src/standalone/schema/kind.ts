import type { JsonObject, JsonSchema } from './json.ts';
import type { NameRule } from './names.ts';

/** One column of the table that `kubectl get` prints. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name` for the first column of every kind; kubectl prefixes it with the kind where it shows several. */
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, above that with `-o wide`. */
  readonly priority: number;
}

export type Cell = string | number | boolean | null;

/** Why kube-apiserver refused a field: the `reason` of a cause in a Status (metav1.CauseType). */
export type FieldErrorReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

/** One cause of a Status with reason `Invalid`. */
export interface FieldError {
  /** `spec.etcd.schedule`, `spec.containers[0].name`; `<nil>` for the object as a whole. */
  readonly field: string;
  readonly reason: FieldErrorReason;
  /** Without the field: `Required value`, `Invalid value: "x": must be …`. */
  readonly message: string;
}

/** A kind of object that the engine serves, in one version. */
export interface Kind {
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Whether it has the subresource `status`. */
  readonly hasStatus: boolean;
  /** Of the whole object, `apiVersion`, `kind` and `metadata` included. */
  readonly schema: JsonSchema;
  /** `NAME` first. */
  readonly columns: readonly Column[];
  /** Made from a CustomResourceDefinition. Strategic merge patches are refused for such kinds. */
  readonly custom: boolean;
  /** Defaults that a schema cannot say, because they depend on other fields. Changes and gives back the object; done twice is done once. */
  complete?(object: JsonObject): JsonObject;
  /**
   * What the server itself fills in on a new object whose metadata (name, uid …) is complete: a Job's selector, a status
   * that a client may not bring along. Gives back a new object.
   */
  prepareForCreate?(object: JsonObject): JsonObject;
  /** What `metadata.name` must be; absent means a DNS subdomain. */
  readonly validName?: NameRule;
  /** Rules beyond the schema. `old` is the object that is being replaced. */
  validate?(object: JsonObject, old?: JsonObject): readonly FieldError[];
  /** The cells below {@link columns}, in their order. */
  row(object: JsonObject, now: Date): readonly Cell[];
}
