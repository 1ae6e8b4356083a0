import { isJsonObject, type Json, type JsonObject, type Kind } from '../../schema/index.ts';
import { badRequest } from '../protocol/status.ts';

interface Term {
  readonly field: string;
  readonly value: string;
  readonly isNegated: boolean;
}

export interface FieldSelector {
  readonly isEmpty: boolean;
  /** The one name that can match, if there is only one. */
  readonly name: string | undefined;
  matches(object: JsonObject): boolean;
}

/** What can be selected by, beyond the name and the namespace (the `ToSelectableFields` of each kind in Kubernetes). */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '/Event': [
    ...['apiVersion', 'fieldPath', 'kind', 'name', 'namespace', 'resourceVersion', 'uid'].map(
      (name) => `involvedObject.${name}`,
    ),
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  '/Pod': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  '/Node': ['spec.unschedulable'],
  '/Namespace': ['status.phase'],
  'batch/Job': ['status.successful'],
};

/**
 * Reads `metadata.name=x,status.phase!=Running` (k8s.io/apimachinery, pkg/fields/selector.go).
 *
 * @throws Refusal 400 for what cannot be read, and for fields that the kind cannot be selected by
 */
export function parseFieldSelector(text: string, kind: Kind): FieldSelector {
  const terms = splitTerms(text).map((term) => parseTerm(term, text));
  for (const { field } of terms) assertSelectable(field, kind);
  return {
    isEmpty: terms.length === 0,
    name: terms.find(({ field, isNegated }) => field === 'metadata.name' && !isNegated)?.value,
    matches: (object) => terms.every(({ field, value, isNegated }) => (valueOf(object, field) === value) !== isNegated),
  };
}

/** At commas that no backslash stands before. */
function splitTerms(text: string): readonly string[] {
  return text.split(/(?<!\\),/).filter((term) => term !== '');
}

function parseTerm(term: string, text: string): Term {
  const match = /^(?<field>[^=!]*)(?<operator>!=|==|=)(?<value>.*)$/s.exec(term)?.groups;
  if (match === undefined) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
  const { field = '', operator, value = '' } = match;
  return { field, value: value.replace(/\\([\\,=])/g, '$1'), isNegated: operator === '!=' };
}

function assertSelectable(field: string, kind: Kind): void {
  if (field === 'metadata.name' || field === 'metadata.namespace') return;
  if (FIELDS[`${kind.group}/${kind.kind}`]?.includes(field) === true) return;
  throw badRequest(
    kind.custom
      ? `field label not supported: ${field}`
      : `field label ${JSON.stringify(field)} not supported for ${kind.kind}`,
  );
}

function valueOf(object: JsonObject, field: string): string {
  // What an event's source is goes by its newer name as well (apis/core/v1/conversion.go).
  if (field === 'source') return print(at(object, 'source.component')) || print(at(object, 'reportingComponent'));
  if (field === 'status.successful') return print(at(object, 'status.succeeded')) || '0';
  const value = print(at(object, field));
  const isFlag = field === 'spec.unschedulable' || field === 'spec.hostNetwork';
  return isFlag && value === '' ? 'false' : value;
}

function at(object: JsonObject, path: string): Json | undefined {
  return path
    .split('.')
    .reduce<Json | undefined>((value, name) => (isJsonObject(value) ? value[name] : undefined), object);
}

function print(value: Json | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
