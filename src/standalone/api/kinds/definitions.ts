import type { Log } from '../../../base/index.ts';
import { messageOf } from '../../../base/index.ts';
import type { ObjectStore, View } from '../../objects/index.ts';
import { isJsonObject, objectAt, type JsonObject, type Kind } from '../../schema/index.ts';
import { isBeingDeleted, textOf, writeTime } from '../rules/metadata.ts';
import type { KindRegistry } from './kind-registry.ts';

/** Definitions of custom resources, as the store names them. */
export const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

/** Keeps a definition until the objects of its kind are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export interface DefinitionParts {
  readonly objects: ObjectStore;
  readonly kinds: KindRegistry;
  readonly log: Log;
  /** Throws where a definition cannot be served. */
  readonly kindsFromDefinition: (definition: JsonObject) => readonly Kind[];
}

/** Serves what the stored definitions define, now and from now on: a kind is there before the answer to its making is. */
export function serveDefinitions({ objects, kinds, log, kindsFromDefinition }: DefinitionParts): void {
  const served = new Map<string, bigint>();
  const sync = (): void => {
    const standing = objects.list(DEFINITIONS);
    const names = new Set(standing.map(({ key }) => key.name));
    for (const name of served.keys()) {
      if (names.has(name)) continue;
      served.delete(name);
      kinds.withdraw(name);
    }
    for (const { key, revision, object } of standing) {
      if (served.get(key.name) === revision) continue;
      served.set(key.name, revision);
      try {
        kinds.define(key.name, isEstablished(object) ? kindsFromDefinition(object) : []);
      } catch (error) {
        kinds.define(key.name, []);
        log.error('cannot serve a definition', { name: key.name, reason: messageOf(error) });
      }
    }
  };
  sync();
  objects.onCommit(sync);
}

function isEstablished(definition: JsonObject): boolean {
  const { conditions } = objectAt(definition, 'status');
  if (!Array.isArray(conditions)) return false;
  return conditions.some((each) => isJsonObject(each) && each['type'] === 'Established' && each['status'] === 'True');
}

/**
 * The definition with the status that Kubernetes' own controllers give it, at once instead of a moment later: whether its
 * names are free, and whether it is served.
 */
export function withDefinitionStatus(
  view: View,
  builtIn: readonly Kind[],
  definition: JsonObject,
  now: Date,
): JsonObject {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const rival = rivalOf(view, builtIn, definition);
  const old = objectAt(definition, 'status');
  const accepted = rival === undefined;
  const before = Array.isArray(old['conditions']) ? old['conditions'].filter(isJsonObject) : [];
  const say = (type: string, status: boolean, reason: string, message: string): JsonObject => {
    const value = status ? 'True' : 'False';
    const found = before.find((each) => each['type'] === type);
    const since = found?.['status'] === value ? found['lastTransitionTime'] : undefined;
    return { lastTransitionTime: since ?? writeTime(now), message, reason, status: value, type };
  };
  const conditions = accepted
    ? [
        say('NamesAccepted', true, 'NoConflicts', 'no conflicts found'),
        say('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted'),
      ]
    : [
        say('NamesAccepted', false, 'NamesConflict', `the names are taken by ${rival}`),
        say('Established', false, 'NotAccepted', 'not all names are accepted'),
      ];
  const others = before.filter((each) => each['type'] !== 'NamesAccepted' && each['type'] !== 'Established');
  return {
    ...definition,
    status: {
      acceptedNames: accepted ? names : { plural: '', kind: '' },
      conditions: [...conditions, ...others],
      storedVersions: storedVersions(spec, old),
    },
  };
}

/** Who of the same group has the plural or the kind already. */
function rivalOf(view: View, builtIn: readonly Kind[], definition: JsonObject): string | undefined {
  const { group } = objectAt(definition, 'spec');
  const { plural, kind } = objectAt(objectAt(definition, 'spec'), 'names');
  const own = builtIn.find((each) => each.group === group && (each.plural === plural || each.kind === kind));
  if (own !== undefined) return `the built-in kind ${own.kind}`;
  const other = view.list(DEFINITIONS).find(({ key, object }) => {
    if (key.name === textOf(definition, 'name') || isBeingDeleted(object)) return false;
    const spec = objectAt(object, 'spec');
    const names = objectAt(spec, 'names');
    return spec['group'] === group && (names['plural'] === plural || names['kind'] === kind);
  });
  return other?.key.name;
}

function storedVersions(spec: JsonObject, old: JsonObject): string[] {
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isJsonObject) : [];
  const storage = versions.find((version) => version['storage'] === true)?.['name'];
  const before = Array.isArray(old['storedVersions']) ? old['storedVersions'] : [];
  return [...new Set([...before, storage])].filter((version) => typeof version === 'string');
}
