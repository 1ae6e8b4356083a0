import type { Request } from '../protocol/request.ts';
import { forbidden, forbiddenPath } from '../protocol/status.ts';
import { ADMIN_GROUP, POD_GROUP, type User } from './user.ts';

/** What a user wants to do, in the words of Kubernetes' access control. */
export interface Attributes {
  readonly user: User;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; of a path the method in lower case. */
  readonly verb: string;
  /** Undefined where a path is asked for that is no resource. */
  readonly resource?: {
    readonly group: string;
    readonly plural: string;
    readonly subresource: string;
    readonly namespace: string;
    readonly name: string;
  };
  readonly path: string;
}

export type Authorize = (attributes: Attributes) => boolean;

const POD_VERBS: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'create']);
/** What every user may read, so that a client can find its way. */
const OPEN_PATHS = /^\/(?:api|apis|openapi|version|healthz|livez|readyz)(?:\/|$)/;

/** Administrators may do everything; a backup job's pod may read EtcdBackups and ask for new ones, and nothing else. */
export const authorizeByGroup: Authorize = ({ user, verb, resource, path }) => {
  if (user.groups.includes(ADMIN_GROUP)) return true;
  if (resource === undefined) return verb === 'get' && OPEN_PATHS.test(path);
  if (!user.groups.includes(POD_GROUP)) return false;
  const { group, plural, subresource } = resource;
  return group === 'operator.openshift.io' && plural === 'etcdbackups' && subresource === '' && POD_VERBS.has(verb);
};

/** @throws Refusal 403 in kube-apiserver's words (handlers/responsewriters/errors.go) */
export function assertAuthorized(authorize: Authorize, attributes: Attributes): void {
  if (authorize(attributes)) return;
  const { user, verb, resource, path } = attributes;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (resource === undefined) throw forbiddenPath(`${who} path ${JSON.stringify(path)}`);
  const { group, plural, subresource, namespace, name } = resource;
  const what = JSON.stringify(subresource === '' ? plural : `${plural}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  throw forbidden({ group, plural }, name, `${who} resource ${what} in API group ${JSON.stringify(group)} ${where}`);
}

/** The verb of a request for a resource (endpoints/request/requestinfo.go). */
export function verbOf({ method }: Pick<Request, 'method'>, isNamed: boolean, isWatch: boolean): string {
  switch (method) {
    case 'GET':
      return isWatch ? 'watch' : isNamed ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isNamed ? 'delete' : 'deletecollection';
  }
}
