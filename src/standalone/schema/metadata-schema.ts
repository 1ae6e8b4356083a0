import { about, each, flag, int64, labels, list, listBy, loose, named, text, time, type Fields } from './declare.ts';
import type { JsonSchema } from './json.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

const ownerReference = named(
  `${META}.OwnerReference`,
  { ...each(text, 'apiVersion', 'kind', 'name', 'uid'), ...each(flag, 'controller', 'blockOwnerDeletion') },
  {
    description: 'An object that this one belongs to; it goes when its owners are gone.',
    required: ['apiVersion', 'kind', 'name', 'uid'],
    'x-kubernetes-map-type': 'atomic',
  },
);

const managedFieldsEntry = named(
  `${META}.ManagedFieldsEntry`,
  { ...each(text, 'apiVersion', 'fieldsType', 'manager', 'operation', 'subresource'), fieldsV1: loose, time },
  { description: 'Which fields one writer has set.' },
);

/** ObjectMeta, of every object. */
export const objectMeta: JsonSchema = named(
  `${META}.ObjectMeta`,
  {
    name: about('The name, unique in its namespace and kind. It cannot be changed.', text),
    generateName: about('A prefix from which the server makes a unique name where none is given.', text),
    namespace: about('The namespace, for kinds that have one.', text),
    labels: about('Keys and values by which objects are selected.', labels),
    annotations: about('Keys and values that only tools and people read.', labels),
    uid: about('Tells this object from others that have had its name. Set by the server.', text),
    resourceVersion: about('Changes with every write; compared by the server when an object is replaced.', text),
    generation: about('Counts the changes of what is wanted. Set by the server.', int64),
    creationTimestamp: about('When the object was made. Set by the server.', time),
    deletionTimestamp: about('When deletion was asked for; the object goes when its finalizers are gone.', time),
    deletionGracePeriodSeconds: int64,
    finalizers: about('Who has to finish before the object goes.', {
      type: 'array',
      items: text,
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    }),
    ownerReferences: about('The objects that this one belongs to.', listBy(['uid'], ownerReference)),
    managedFields: about('Who has set which fields. Kept by the server.', list(managedFieldsEntry)),
    selfLink: text,
  },
  { description: 'What every object has: its name, its labels, its owners.' },
);

/** Selects objects by their labels. */
export const labelSelector: JsonSchema = named(
  `${META}.LabelSelector`,
  {
    matchLabels: about('Labels that an object must have.', labels),
    matchExpressions: about(
      'Rules on labels; all must hold.',
      list(
        named(
          `${META}.LabelSelectorRequirement`,
          { ...each(text, 'key', 'operator'), values: list(text) },
          { required: ['key', 'operator'] },
        ),
      ),
    ),
  },
  { description: 'Selects objects by their labels.', 'x-kubernetes-map-type': 'atomic' },
);

/** metav1.Condition, as newer kinds use it. */
export const condition: JsonSchema = named(
  `${META}.Condition`,
  { ...each(text, 'type', 'status', 'reason', 'message'), lastTransitionTime: time, observedGeneration: int64 },
  { required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'] },
);

/** The schema of a whole object of a built-in kind: `apiVersion`, `kind`, `metadata` and the given fields. */
export function objectSchema(
  definition: string,
  description: string,
  fields: Fields,
  required: readonly string[] = [],
): JsonSchema {
  return named(
    definition,
    {
      apiVersion: about("The group and version of this object's kind.", text),
      kind: about('The kind of this object.', text),
      metadata: about('The name, the labels and what else every object has.', objectMeta),
      ...fields,
    },
    { description, required },
  );
}
