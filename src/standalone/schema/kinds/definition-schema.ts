import {
  about,
  byDefault,
  each,
  flag,
  int32,
  int64,
  list,
  listBy,
  loose,
  named,
  object,
  oneOf,
  text,
  texts,
  time,
} from '../declare.ts';
import { objectSchema } from '../metadata-schema.ts';
import type { JsonSchema } from '../json.ts';

const GROUP = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';

const names = named(
  `${GROUP}.CustomResourceDefinitionNames`,
  {
    plural: about('The name in paths, lower case.', text),
    singular: about('The name for one object; the kind in lower case where it is absent.', text),
    kind: about('The kind, as objects name it.', text),
    listKind: text,
    shortNames: about('Short names for kubectl.', texts),
    categories: about('Groups of kinds for kubectl, such as `all`.', texts),
  },
  { required: ['plural', 'kind'] },
);

const schema = named(`${GROUP}.CustomResourceValidation`, {
  openAPIV3Schema: { ...loose, description: 'The schema of the objects.' },
});

const column = named(
  `${GROUP}.CustomResourceColumnDefinition`,
  { ...each(text, 'name', 'type', 'format', 'description', 'jsonPath'), priority: int32 },
  { required: ['name', 'type', 'jsonPath'] },
);

const version = named(
  `${GROUP}.CustomResourceDefinitionVersion`,
  {
    name: about('The version, such as v1alpha1.', text),
    served: about('Whether clients can use it.', flag),
    storage: about('Whether objects are kept in it. True for exactly one version.', flag),
    deprecated: flag,
    deprecationWarning: text,
    schema,
    subresources: object({
      status: loose,
      scale: object(each(text, 'specReplicasPath', 'statusReplicasPath', 'labelSelectorPath')),
    }),
    additionalPrinterColumns: about('What kubectl get shows.', list(column)),
    selectableFields: list(object({ jsonPath: text }, { required: ['jsonPath'] })),
  },
  { required: ['name', 'served', 'storage'] },
);

const condition = named(
  `${GROUP}.CustomResourceDefinitionCondition`,
  {
    ...each(text, 'type', 'status', 'reason', 'message'),
    lastTransitionTime: time,
    observedGeneration: int64,
  },
  { required: ['type', 'status'] },
);

export const definitionSchema: JsonSchema = objectSchema(
  `${GROUP}.CustomResourceDefinition`,
  'A kind of objects that users add to the API.',
  {
    spec: about(
      'The names of the kind and the schemas of its versions.',
      named(
        `${GROUP}.CustomResourceDefinitionSpec`,
        {
          group: about('The group of the kind.', text),
          names,
          scope: about('Whether the objects stand in namespaces.', text),
          versions: list(version),
          conversion: byDefault({ strategy: 'None' }, object({ strategy: oneOf('None', 'Webhook'), webhook: loose })),
          preserveUnknownFields: flag,
        },
        { required: ['group', 'names', 'scope', 'versions'] },
      ),
    ),
    status: named(`${GROUP}.CustomResourceDefinitionStatus`, {
      conditions: listBy(['type'], condition),
      acceptedNames: names,
      storedVersions: texts,
      observedGeneration: int64,
    }),
  },
  ['spec'],
);
