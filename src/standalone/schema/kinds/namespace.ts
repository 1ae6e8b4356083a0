import { about, byDefault, each, listBy, named, object, text, texts, time } from '../declare.ts';
import { objectAt, textAt, type JsonObject } from '../json.ts';
import { objectSchema } from '../metadata-schema.ts';
import { dnsLabel } from '../names.ts';
import { ageColumn, ageOf, builtIn, column, nameColumn, nameOf, withFields } from './built-in.ts';

const NAME_LABEL = 'kubernetes.io/metadata.name';

const condition = object(
  { ...each(text, 'type', 'status', 'reason', 'message'), lastTransitionTime: time },
  { required: ['type', 'status'] },
);

const schema = objectSchema('core.v1.Namespace', 'A part of the API in which names are unique.', {
  spec: named('core.v1.NamespaceSpec', {
    finalizers: about('Who has to finish before the namespace goes.', texts),
  }),
  status: byDefault(
    {},
    named('core.v1.NamespaceStatus', {
      phase: about('Active or Terminating.', byDefault('Active', text)),
      conditions: listBy(['type'], condition),
    }),
  ),
});

/** Every namespace carries its name as a label, so that selectors can find it. */
function complete(namespace: JsonObject): JsonObject {
  const name = nameOf(namespace);
  if (name === '') return namespace;
  const metadata = objectAt(namespace, 'metadata');
  namespace['metadata'] = { ...metadata, labels: { ...objectAt(metadata, 'labels'), [NAME_LABEL]: name } };
  return namespace;
}

export const namespace = builtIn({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  schema,
  columns: [nameColumn, column('Status', 'Whether the namespace is in use or being deleted.'), ageColumn],
  validName: dnsLabel,
  complete,
  prepareForCreate: (object) =>
    withFields(complete(object), {
      spec: { ...objectAt(object, 'spec'), finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    }),
  row: (object, now) => [nameOf(object), textAt(object, 'status', 'phase'), ageOf(object, now)],
});
