import { listAt, objectAt, textAt, valueAt, type Json, type JsonObject } from '../json.ts';
import { builtIn, column, nameColumn, nameOf, withFields } from './built-in.ts';
import { validateDefinition } from './definition-rules.ts';
import { definitionSchema } from './definition-schema.ts';

/** The names that follow from the kind. */
function complete(definition: JsonObject): JsonObject {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const kind = textAt(names, 'kind');
  if (kind === '') return definition;
  const full = {
    ...names,
    singular: names['singular'] ?? kind.toLowerCase(),
    listKind: names['listKind'] ?? `${kind}List`,
  };
  return withFields(definition, { spec: { ...spec, names: full } });
}

function storedVersions(definition: JsonObject): Json[] {
  return listAt(definition, 'spec', 'versions')
    .filter((version) => valueAt(version, 'storage') === true)
    .map((version) => textAt(version, 'name'));
}

/** The status of a definition whose kinds are served from now on. */
export function establishedStatus(definition: JsonObject, now: Date): JsonObject {
  const lastTransitionTime = `${now.toISOString().slice(0, 19)}Z`;
  const condition = (type: string, reason: string, message: string): JsonObject => ({
    type,
    status: 'True',
    lastTransitionTime,
    reason,
    message,
  });
  return {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: objectAt(definition, 'spec', 'names'),
    storedVersions: storedVersions(definition),
  };
}

export const definition = builtIn({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  schema: definitionSchema,
  columns: [nameColumn, column('Created At', 'When the definition was made.', { type: 'date' })],
  complete,
  prepareForCreate: (object) =>
    withFields(object, {
      status: { acceptedNames: { kind: '', plural: '' }, conditions: [], storedVersions: storedVersions(object) },
    }),
  validate: validateDefinition,
  row: (object) => [nameOf(object), textAt(object, 'metadata', 'creationTimestamp')],
});
