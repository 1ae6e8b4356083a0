import type { JsonObject, Kind } from '../../schema/index.ts';
import { mapOf } from '../rules/metadata.ts';
import { parseFieldSelector } from './field-selector.ts';
import { parseLabelSelector } from './label-selector.ts';

/** Which objects of a kind a request is about. */
export interface Selection {
  /** Whether it takes all. */
  readonly isEmpty: boolean;
  matches(object: JsonObject): boolean;
}

/**
 * What `labelSelector` and `fieldSelector` of a request select.
 *
 * @throws Refusal 400
 */
export function readSelection(query: URLSearchParams, kind: Kind): Selection {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fields = parseFieldSelector(query.get('fieldSelector') ?? '', kind);
  return {
    isEmpty: labels.isEmpty && fields.isEmpty,
    matches: (object) =>
      (labels.isEmpty || labels.matches(mapOf(object, 'labels'))) && (fields.isEmpty || fields.matches(object)),
  };
}
