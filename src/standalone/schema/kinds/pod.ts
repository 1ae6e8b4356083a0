import { about, byDefault } from '../declare.ts';
import { forbidden } from '../field-errors.ts';
import { age } from '../human-duration.ts';
import {
  isJsonObject,
  listAt,
  numberAt,
  objectAt,
  sameJson,
  textAt,
  valueAt,
  type Json,
  type JsonObject,
} from '../json.ts';
import type { Cell, FieldError } from '../kind.ts';
import { objectSchema } from '../metadata-schema.ts';
import {
  ageColumn,
  ageOf,
  builtIn,
  column,
  isBeingDeleted,
  nameColumn,
  nameOf,
  orNone,
  wide,
  withFields,
} from './built-in.ts';
import { completePod, qosClass } from './pod-defaults.ts';
import { validatePodSpec } from './pod-rules.ts';
import { podSpec, podStatus } from './pod-schema.ts';

const UNCHANGEABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** The parts of a spec that stay as they are once the pod stands. It is put on a node by its binding alone. */
function fixedPart(spec: JsonObject): Json {
  const containers = listAt(spec, 'containers').map((container) =>
    isJsonObject(container) ? { ...container, image: '' } : container,
  );
  const tolerations: Json = [];
  return { ...spec, containers, tolerations, activeDeadlineSeconds: null };
}

function validate(pod: JsonObject, old?: JsonObject): readonly FieldError[] {
  const spec = objectAt(pod, 'spec');
  const errors = validatePodSpec(spec, 'spec');
  if (old === undefined) return errors;
  return sameJson(fixedPart(spec), fixedPart(objectAt(old, 'spec')))
    ? errors
    : [...errors, forbidden('spec', UNCHANGEABLE)];
}

const isReady = (pod: JsonObject): boolean =>
  listAt(pod, 'status', 'conditions').some(
    (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
  );

/** Why a container does not run; empty where it runs. */
function reasonOf(status: Json): string {
  const waiting = textAt(status, 'state', 'waiting', 'reason');
  if (waiting !== '') return waiting;
  const ended = valueAt(status, 'state', 'terminated');
  if (ended === undefined) return '';
  const signal = numberAt(ended, 'signal') ?? 0;
  const code = signal === 0 ? `ExitCode:${numberAt(ended, 'exitCode') ?? 0}` : `Signal:${signal}`;
  return textAt(ended, 'reason') || code;
}

const runs = (status: Json): boolean =>
  valueAt(status, 'ready') === true && valueAt(status, 'state', 'running') !== undefined && reasonOf(status) === '';

/** The word in the column STATUS. Source: k8s.io/kubernetes, pkg/printers/internalversion, printPod. */
function statusOf(pod: JsonObject): string {
  const phase = textAt(pod, 'status', 'phase');
  if (isBeingDeleted(pod) && phase !== 'Succeeded' && phase !== 'Failed') return 'Terminating';
  const statuses = listAt(pod, 'status', 'containerStatuses');
  const first = statuses.map(reasonOf).find((reason) => reason !== '');
  const word = first ?? (textAt(pod, 'status', 'reason') || phase);
  if (word !== 'Completed') return word;
  const failed = statuses.find((status) => (numberAt(status, 'state', 'terminated', 'exitCode') ?? 0) !== 0);
  const isRunning = statuses.some(runs);
  if (isRunning && isReady(pod)) return 'Running';
  if (failed !== undefined) return reasonOf(failed);
  return isRunning ? 'NotReady' : word;
}

function restarts(statuses: readonly Json[], now: Date): string {
  const count = statuses.reduce<number>((sum, status) => sum + (numberAt(status, 'restartCount') ?? 0), 0);
  const ends = statuses.map((status) => textAt(status, 'lastState', 'terminated', 'finishedAt')).sort();
  const last = ends.at(-1) ?? '';
  return count === 0 || last === '' ? `${count}` : `${count} (${age(last, now)} ago)`;
}

function readinessGates(pod: JsonObject): string {
  const gates = listAt(pod, 'spec', 'readinessGates').map((gate) => textAt(gate, 'conditionType'));
  if (gates.length === 0) return '<none>';
  const passed = listAt(pod, 'status', 'conditions').filter(
    (one) => gates.includes(textAt(one, 'type')) && textAt(one, 'status') === 'True',
  );
  return `${passed.length}/${gates.length}`;
}

function row(pod: JsonObject, now: Date): readonly Cell[] {
  const statuses = listAt(pod, 'status', 'containerStatuses');
  return [
    nameOf(pod),
    `${statuses.filter(runs).length}/${listAt(pod, 'spec', 'containers').length}`,
    statusOf(pod),
    restarts(statuses, now),
    ageOf(pod, now),
    orNone(textAt(pod, 'status', 'podIPs', 0, 'ip')),
    orNone(textAt(pod, 'spec', 'nodeName')),
    orNone(textAt(pod, 'status', 'nominatedNodeName')),
    readinessGates(pod),
  ];
}

export const pod = builtIn({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  schema: objectSchema('core.v1.Pod', 'Programs that run together on one node.', {
    spec: about('What runs, and how.', podSpec),
    status: about('How it goes.', byDefault({}, podStatus)),
  }),
  columns: [
    nameColumn,
    column('Ready', 'How many of its containers are ready.'),
    column('Status', 'How it goes, in one word.'),
    column('Restarts', 'How often containers were started again, and when last.'),
    ageColumn,
    wide('IP', 'Its address.'),
    wide('Node', 'The node that it runs on.'),
    wide('Nominated Node', 'The node that is being cleared for it.'),
    wide('Readiness Gates', 'How many of its conditions for being ready hold.'),
  ],
  complete: (object) => (isJsonObject(object['spec']) ? completePod(object) : object),
  prepareForCreate: (object) => withFields(object, { status: { phase: 'Pending', qosClass: qosClass(object) } }),
  validate,
  row,
});
