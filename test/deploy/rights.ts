import * as z from 'zod';
import type { Attributes } from '../../src/standalone/api/index.ts';
import type { Manifest } from './manifests.ts';

const rule = z.looseObject({
  apiGroups: z.array(z.string()),
  resources: z.array(z.string()),
  resourceNames: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});
const role = z.looseObject({ rules: z.array(rule) });
const binding = z.looseObject({
  roleRef: z.looseObject({ kind: z.string(), name: z.string() }),
  subjects: z.array(z.looseObject({ kind: z.string(), name: z.string(), namespace: z.string().optional() })),
});

/** One verb on one resource that an account has been given. */
export interface Right {
  readonly verb: string;
  readonly group: string;
  /** `jobs`, `backups/status`. */
  readonly resource: string;
  /** Undefined: everywhere, and what belongs to no namespace. */
  readonly namespace: string | undefined;
  /** Undefined: any. */
  readonly name: string | undefined;
}

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** All that the roles and bindings among the objects give to a service account. */
export function rightsOf(all: readonly Manifest[], account: Account): readonly Right[] {
  return all
    .filter(({ kind }) => kind === 'RoleBinding' || kind === 'ClusterRoleBinding')
    .flatMap((each) => {
      const { roleRef, subjects } = binding.parse(each);
      const isBound = subjects.some(
        ({ kind, name, namespace }) =>
          kind === 'ServiceAccount' && name === account.name && namespace === account.namespace,
      );
      const namespace = each.kind === 'RoleBinding' ? each.metadata.namespace : undefined;
      return isBound ? rightsIn(roleNamed(all, roleRef, namespace), namespace) : [];
    });
}

function roleNamed(
  all: readonly Manifest[],
  { kind, name }: { readonly kind: string; readonly name: string },
  namespace: string | undefined,
): Manifest {
  const found = all.find(
    (each) =>
      each.kind === kind &&
      each.metadata.name === name &&
      (kind === 'ClusterRole' || each.metadata.namespace === namespace),
  );
  if (found === undefined) throw new Error(`${kind} ${name} is bound, but not there`);
  return found;
}

function rightsIn(manifest: Manifest, namespace: string | undefined): readonly Right[] {
  return role
    .parse(manifest)
    .rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) => resourceNames.map((name) => ({ verb, group, resource, namespace, name }))),
        ),
      ),
    );
}

/** The right that allows a request, as Kubernetes' RBAC judges it: nothing is allowed but what is named. */
export function rightFor(
  rights: readonly Right[],
  { verb, resource: asked }: Pick<Attributes, 'verb' | 'resource'>,
): Right | undefined {
  if (asked === undefined) return undefined;
  const resource = asked.subresource === '' ? asked.plural : `${asked.plural}/${asked.subresource}`;
  return rights.find(
    (each) =>
      each.verb === verb &&
      each.group === asked.group &&
      each.resource === resource &&
      (each.namespace === undefined || each.namespace === asked.namespace) &&
      (each.name === undefined || each.name === asked.name),
  );
}

/** `update jobs.batch in openshift-etcd`, for people. */
export function wordsOf({ verb, group, resource, namespace, name }: Right): string {
  const what = group === '' ? resource : `${resource}.${group}`;
  const which = name === undefined ? '' : ` ${name}`;
  return `${verb} ${what}${which}${namespace === undefined ? '' : ` in ${namespace}`}`;
}
