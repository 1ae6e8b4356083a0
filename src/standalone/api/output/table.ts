import { objectAt, type Json, type JsonObject, type Kind } from '../../schema/index.ts';
import { badRequest } from '../protocol/status.ts';

/** How much of each object a table carries beside its cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** @throws Refusal 400 */
export function readIncludeObject(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

export interface TableOptions {
  readonly version: 'v1' | 'v1beta1';
  readonly includeObject: IncludeObject;
  readonly now: Date;
  /** Only the first event of a watch says what the columns are. */
  readonly hasColumns: boolean;
}

/** The rows that `kubectl get` prints (metav1.Table). */
export function toTable(
  kind: Kind,
  objects: readonly JsonObject[],
  metadata: JsonObject,
  options: TableOptions,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: options.hasColumns ? kind.columns.map((column) => ({ ...column })) : null,
    rows: objects.map((object) => ({
      cells: [...kind.row(object, options.now)],
      object: rowObject(object, options),
    })),
  };
}

function rowObject(object: JsonObject, { includeObject, version }: TableOptions): Json {
  switch (includeObject) {
    case 'None':
      return null;
    case 'Metadata':
      return toMetadata(object, version);
    case 'Object':
      return object;
  }
}

/** The metadata alone (metav1.PartialObjectMetadata). */
export function toMetadata(object: JsonObject, version: 'v1' | 'v1beta1'): JsonObject {
  return {
    kind: 'PartialObjectMetadata',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: objectAt(object, 'metadata'),
  };
}
