/**
 * How Kubernetes lays out its keys in etcd: `<prefix><resource>/[<namespace>/]<name>`, and for custom and aggregated
 * resources `<prefix><group>/<resource>/[<namespace>/]<name>`. Built-in resources have no group in their path, even
 * where they have one in the API (kubernetes: pkg/controlplane/storageversionhashdata, registry packages' ResourcePrefix).
 */

/** kubeadm's, k3s's and etcd's own default; OpenShift's kube-apiserver; OpenShift's own API servers. */
export const KEY_PREFIXES = ['/registry/', '/kubernetes.io/', '/openshift.io/'] as const;

export type KeyPrefix = (typeof KEY_PREFIXES)[number];

/** An etcd key of Kubernetes, taken apart. */
export interface KubeKey {
  readonly prefix: KeyPrefix;
  /** As in the API where the path has it: `config.openshift.io`; absent for built-in resources. */
  readonly group?: string;
  /** The API's plural: `secrets`, `nodes`, `clusterversions`. */
  readonly resource: string;
  /** Absent for what has no namespace. */
  readonly namespace?: string;
  readonly name: string;
  /** The key up to namespace and name: `/registry/services/specs/`. */
  readonly keyPrefix: string;
}

/** Paths that differ from the API's plural, for reasons of history. Longer ones first. */
const OLD_PATHS: readonly (readonly [path: string, resource: string])[] = [
  ['services/specs/', 'services'],
  ['services/endpoints/', 'endpoints'],
  ['oauth/accesstokens/', 'oauthaccesstokens'],
  ['oauth/authorizetokens/', 'oauthauthorizetokens'],
  ['oauth/clientauthorizations/', 'oauthclientauthorizations'],
  ['oauth/clients/', 'oauthclients'],
  ['minions/', 'nodes'],
  ['controllers/', 'replicationcontrollers'],
  ['ingress/', 'ingresses'],
  ['podsecuritypolicy/', 'podsecuritypolicies'],
];

/** Takes a key apart; undefined for keys that are not Kubernetes objects (`compact_rev_key`, another user's). */
export function parseKey(key: string): KubeKey | undefined {
  const prefix = KEY_PREFIXES.find((each) => key.startsWith(each));
  if (prefix === undefined) return undefined;
  const path = key.slice(prefix.length);
  const kind = kindOf(path);
  const rest = kind === undefined ? '' : path.slice(kind.length);
  if (kind === undefined || rest === '') return undefined;
  const slash = rest.indexOf('/');
  return {
    prefix,
    ...(kind.group === undefined ? {} : { group: kind.group }),
    resource: kind.resource,
    ...(slash === -1 ? {} : { namespace: rest.slice(0, slash) }),
    name: rest.slice(slash + 1),
    keyPrefix: prefix + path.slice(0, kind.length),
  };
}

interface PathKind {
  readonly group?: string;
  readonly resource: string;
  /** How much of the path it takes, with its last slash. */
  readonly length: number;
}

function kindOf(path: string): PathKind | undefined {
  const old = OLD_PATHS.find(([start]) => path.startsWith(start));
  if (old !== undefined) return { resource: old[1], length: old[0].length };
  const first = path.indexOf('/');
  if (first <= 0) return undefined;
  // Only a group's name has a dot: resources are DNS labels (kubernetes: apiextensions validation).
  const head = path.slice(0, first);
  if (!head.includes('.')) return { resource: head, length: first + 1 };
  const second = path.indexOf('/', first + 1);
  if (second <= first + 1) return undefined;
  return { group: head, resource: path.slice(first + 1, second), length: second + 1 };
}
