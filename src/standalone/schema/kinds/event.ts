import { about, each, int32, microTime, named, text, time } from '../declare.ts';
import { invalid } from '../field-errors.ts';
import { age } from '../human-duration.ts';
import { numberAt, objectAt, textAt, valueAt, type JsonObject } from '../json.ts';
import type { Cell, FieldError } from '../kind.ts';
import { objectSchema } from '../metadata-schema.ts';
import { builtIn, column, nameOf, wide } from './built-in.ts';
import { objectReference } from './volume-schema.ts';

const source = named('core.v1.EventSource', each(text, 'component', 'host'));
const series = named('core.v1.EventSeries', { count: int32, lastObservedTime: microTime });

const schema = objectSchema(
  'core.v1.Event',
  'Something that happened to an object, kept for an hour.',
  {
    involvedObject: about('What it happened to.', objectReference),
    reason: about('What happened, in one word for machines.', text),
    message: about('What happened, for people.', text),
    type: about('Normal or Warning.', text),
    count: about('How often it happened.', int32),
    firstTimestamp: about('When it happened first.', time),
    lastTimestamp: about('When it happened last.', time),
    source: about('Who reported it.', source),
    ...each(text, 'action', 'reportingComponent', 'reportingInstance'),
    related: objectReference,
    eventTime: microTime,
    series,
  },
  ['metadata', 'involvedObject'],
);

/** Events of objects without a namespace stand in `default`. */
function validate(event: JsonObject): readonly FieldError[] {
  const namespace = textAt(event, 'involvedObject', 'namespace');
  const own = textAt(event, 'metadata', 'namespace');
  if (namespace === own || (namespace === '' && own === 'default')) return [];
  return [invalid('involvedObject.namespace', namespace, 'does not match event.namespace')];
}

function row(event: JsonObject, now: Date): readonly Cell[] {
  const times = ['firstTimestamp', 'eventTime'].map((name) => textAt(event, name));
  const first = age(times.find((one) => one !== '') ?? '', now);
  const last = textAt(event, 'lastTimestamp');
  const isSeries = valueAt(event, 'series') !== undefined;
  const lastSeen = isSeries
    ? age(textAt(event, 'series', 'lastObservedTime'), now)
    : last === ''
      ? first
      : age(last, now);
  const { involvedObject } = event;
  const [kind, name] = [textAt(involvedObject, 'kind').toLowerCase(), textAt(involvedObject, 'name')];
  const count = isSeries ? numberAt(event, 'series', 'count') : numberAt(event, 'count');
  return [
    lastSeen,
    textAt(event, 'type'),
    textAt(event, 'reason'),
    name === '' ? kind : `${kind}/${name}`,
    textAt(involvedObject, 'fieldPath'),
    reporter(event),
    textAt(event, 'message').trim(),
    first,
    count === undefined || count === 0 ? 1 : count,
    nameOf(event),
  ];
}

function reporter(event: JsonObject): string {
  const given = objectAt(event, 'source');
  const component = textAt(given, 'component') || textAt(event, 'reportingComponent');
  const host = textAt(given, 'host') || textAt(event, 'reportingInstance');
  return host === '' ? component : `${component}, ${host}`;
}

export const event = builtIn({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  namespaced: true,
  hasStatus: false,
  schema,
  columns: [
    column('Last Seen', 'When it happened last.'),
    column('Type', 'Normal or Warning.'),
    column('Reason', 'What happened, in one word.'),
    column('Object', 'What it happened to.'),
    wide('Subobject', 'The part of the object.'),
    wide('Source', 'Who reported it.'),
    column('Message', 'What happened.'),
    wide('First Seen', 'When it happened first.'),
    wide('Count', 'How often it happened.'),
    column('Name', 'The name of the event.', { format: 'name', priority: 1 }),
  ],
  validate,
  row,
});
