import type { JsonObject } from '../json.ts';
import type { Kind } from '../kind.ts';
import { definitionOf, groupVersionKind, type Definitions, type OpenApiVersion } from './definitions.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const PATCHES = ['application/json-patch+json', 'application/merge-patch+json'];
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

const QUERY: Readonly<Record<string, string>> = {
  dryRun: 'With `All`, everything is checked and nothing is kept.',
  fieldManager: 'Who writes, for the record of who has set which field.',
  fieldValidation: 'What unknown fields are: `Ignore`, `Warn` or `Strict`.',
  force: 'Takes over fields that others have set.',
  labelSelector: 'Only objects with these labels.',
  fieldSelector: 'Only objects with these fields.',
  limit: 'How many objects at most.',
  continue: 'Where to go on, as the last answer said.',
  resourceVersion: 'From which version on.',
  watch: 'Whether changes are to follow.',
  propagationPolicy: 'What becomes of objects that this one owns.',
};

const WRITE = ['dryRun', 'fieldManager', 'fieldValidation'];

interface Verb {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly action: string;
  readonly query: readonly string[];
  /** The definition of the request's body and of the answer. */
  readonly body?: string;
  readonly answer: string;
}

/** `/apis/batch/v1/namespaces/{namespace}/jobs` */
function collectionPath({ group, version, plural, namespaced }: Kind): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
}

/** What can be done with objects of these kinds, and with which parameters: kubectl reads this before it writes. */
export function pathsOf(version: OpenApiVersion, kinds: readonly Kind[], definitions: Definitions): JsonObject {
  const paths: JsonObject = {};
  for (const kind of kinds) {
    const collection = collectionPath(kind);
    const name = definitionOf(kind);
    const writer = new OperationWriter(version, kind, definitions);
    const list: Verb = { method: 'get', action: 'list', query: LIST, answer: `${name}List` };
    paths[collection] = writer.path(collection, [
      list,
      { method: 'post', action: 'post', query: WRITE, body: name, answer: name },
      { method: 'delete', action: 'deletecollection', query: LIST, answer: `${META}.Status` },
    ]);
    if (kind.namespaced) {
      const everywhere = collection.replace('/namespaces/{namespace}', '');
      paths[everywhere] = writer.path(everywhere, [list]);
    }
    paths[`${collection}/{name}`] = writer.path(`${collection}/{name}`, [
      ...objectVerbs(name),
      {
        method: 'delete',
        action: 'delete',
        query: ['dryRun', 'propagationPolicy'],
        body: `${META}.DeleteOptions`,
        answer: `${META}.Status`,
      },
    ]);
    if (kind.hasStatus) {
      paths[`${collection}/{name}/status`] = writer.path(`${collection}/{name}/status`, objectVerbs(name));
    }
  }
  return paths;
}

const LIST = ['labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'watch'];

const objectVerbs = (name: string): readonly Verb[] => [
  { method: 'get', action: 'get', query: [], answer: name },
  { method: 'put', action: 'put', query: WRITE, body: name, answer: name },
  { method: 'patch', action: 'patch', query: [...WRITE, 'force'], body: `${META}.Patch`, answer: name },
];

class OperationWriter {
  readonly #version: OpenApiVersion;
  readonly #kind: Kind;
  readonly #definitions: Definitions;

  constructor(version: OpenApiVersion, kind: Kind, definitions: Definitions) {
    this.#version = version;
    this.#kind = kind;
    this.#definitions = definitions;
  }

  path(path: string, verbs: readonly Verb[]): JsonObject {
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) =>
      this.#parameter(name, `The ${name} of the object.`, 'path'),
    );
    return {
      ...Object.fromEntries(verbs.map((verb) => [verb.method, this.#operation(path, verb)])),
      ...(parameters.length === 0 ? {} : { parameters }),
    };
  }

  #operation(path: string, verb: Verb): JsonObject {
    const query = verb.query.map((name) => this.#parameter(name, QUERY[name] ?? '', 'query'));
    const shared: JsonObject = {
      description: `${verb.action} ${this.#kind.kind}`,
      operationId: `${verb.action}${path.replaceAll(/[^A-Za-z0-9]+(\w)/g, (_, letter: string) => letter.toUpperCase()).replaceAll(/\W/g, '')}`,
      'x-kubernetes-action': verb.action,
      'x-kubernetes-group-version-kind': groupVersionKind(this.#kind),
    };
    return this.#version === 2 ? { ...shared, ...this.#v2(verb, query) } : { ...shared, ...this.#v3(verb, query) };
  }

  #v2({ method, body, answer }: Verb, query: readonly JsonObject[]): JsonObject {
    const schema = body === undefined ? undefined : this.#definitions.reference(body);
    return {
      consumes: method === 'patch' ? this.#patchTypes() : ['*/*'],
      produces: ['application/json'],
      schemes: ['https'],
      parameters: [...query, ...(schema === undefined ? [] : [{ name: 'body', in: 'body', schema }])],
      responses: { '200': { description: 'OK', schema: this.#definitions.reference(answer) } },
    };
  }

  #v3({ method, body, answer }: Verb, query: readonly JsonObject[]): JsonObject {
    const content = (types: readonly string[], name: string): JsonObject =>
      Object.fromEntries(types.map((type) => [type, { schema: this.#definitions.reference(name) }]));
    const types = method === 'patch' ? this.#patchTypes() : ['application/json'];
    return {
      parameters: [...query],
      ...(body === undefined ? {} : { requestBody: { content: content(types, body), required: method !== 'delete' } }),
      responses: { '200': { description: 'OK', content: content(['application/json'], answer) } },
    };
  }

  /** Custom resources have no strategic merge patch; clients look here before they try. */
  #patchTypes(): string[] {
    return this.#kind.custom ? [...PATCHES, APPLY] : [...PATCHES, STRATEGIC, APPLY];
  }

  #parameter(name: string, description: string, where: 'path' | 'query'): JsonObject {
    const type = name === 'force' || name === 'watch' ? 'boolean' : name === 'limit' ? 'integer' : 'string';
    const shared = { name, in: where, description, ...(where === 'path' ? { required: true } : {}) };
    return this.#version === 2
      ? { ...shared, type, uniqueItems: true }
      : { ...shared, schema: { type, uniqueItems: true } };
  }
}
