import type { Kind } from '../../schema/index.ts';
import { groupVersionOf } from '../kinds/kind-registry.ts';
import { isNamespace, isPod } from '../rules/kind-rules.ts';

/** What is served, as clients ask for it one group and version at a time (metav1.APIGroupList, APIResourceList). */

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export interface Subresource {
  readonly name: string;
  /** What it is written as, where that is no object of the kind. */
  readonly kind?: string;
  readonly verbs: readonly string[];
}

export function subresourcesOf(kind: Kind): readonly Subresource[] {
  return [
    ...(isNamespace(kind) ? [{ name: 'finalize', verbs: ['update'] }] : []),
    ...(isPod(kind) ? [{ name: 'binding', kind: 'Binding', verbs: ['create'] }] : []),
    ...(isPod(kind) ? [{ name: 'log', verbs: ['get'] }] : []),
    ...(kind.hasStatus ? [{ name: 'status', verbs: ['get', 'patch', 'update'] }] : []),
  ];
}

export interface Group {
  /** `''` for the core group. */
  readonly name: string;
  /** The best first. */
  readonly versions: readonly { readonly version: string; readonly kinds: readonly Kind[] }[];
}

export function groupsOf(kinds: readonly Kind[]): readonly Group[] {
  const names = [...new Set(kinds.map(({ group }) => group))];
  return names.map((name) => {
    const own = kinds.filter(({ group }) => group === name);
    const versions = [...new Set(own.map(({ version }) => version))].sort(byMaturity);
    return {
      name,
      versions: versions.map((version) => ({ version, kinds: own.filter((kind) => kind.version === version) })),
    };
  });
}

/** v2 before v1 before v1beta1 before v1alpha1 (apimachinery, version/helpers.go). */
function byMaturity(a: string, b: string): number {
  const rank = (version: string): readonly number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (match === null) return [-1, 0, 0];
    const stage = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
    return [stage, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  for (const [index, value] of left.entries()) {
    const difference = (right[index] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : 1;
}

const ANYWHERE = [{ clientCIDR: '0.0.0.0/0', serverAddress: '' }];

/** `/api`. */
export function coreVersions(): unknown {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: ANYWHERE };
}

/** `/apis`. */
export function groupList(kinds: readonly Kind[]): unknown {
  const groups = groupsOf(kinds).filter(({ name }) => name !== '');
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupEntry) };
}

/** `/apis/batch`; undefined for a group that is not served. */
export function groupDocument(kinds: readonly Kind[], name: string): unknown {
  const group = groupsOf(kinds).find((each) => each.name === name && name !== '');
  return group && { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
}

function groupEntry({ name, versions }: Group): { name: string; versions: unknown[]; preferredVersion: unknown } {
  const entries = versions.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

/** `/apis/batch/v1`; undefined for what is not served. */
export function resourceList(kinds: readonly Kind[], group: string, version: string): unknown {
  const found = kinds.filter((kind) => kind.group === group && kind.version === version);
  if (found.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersionOf({ group, version }),
    resources: found.flatMap(resourceEntries),
  };
}

function resourceEntries(kind: Kind): readonly unknown[] {
  const { plural, singular, namespaced, kind: name, shortNames, categories } = kind;
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind: name,
      verbs: VERBS,
      ...(shortNames.length > 0 && { shortNames }),
      ...(categories.length > 0 && { categories }),
    },
    ...subresourcesOf(kind).map(({ name: subresource, verbs, kind: ownKind = name }) => ({
      name: `${plural}/${subresource}`,
      singularName: '',
      namespaced,
      kind: ownKind,
      verbs,
    })),
  ];
}

/** All of a part of the API at once: `/api` and `/apis` for clients since 1.26 (apidiscovery.k8s.io). */
export function aggregated(kinds: readonly Kind[], version: 'v2' | 'v2beta1'): unknown {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groupsOf(kinds).map((group) => ({
      metadata: { ...(group.name !== '' && { name: group.name }), creationTimestamp: null },
      versions: group.versions.map((each) => ({
        version: each.version,
        resources: each.kinds.map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(kind: Kind): unknown {
  const { plural, singular, namespaced, shortNames, categories } = kind;
  const responseKind = { group: kind.group, version: kind.version, kind: kind.kind };
  const subresources = subresourcesOf(kind).map(({ name, verbs, kind: ownKind = kind.kind }) => ({
    subresource: name,
    responseKind: { ...responseKind, kind: ownKind },
    verbs,
  }));
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: VERBS,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}
