import type { Credentials, Identity } from '../../access/index.ts';
import type { ObjectStore } from '../../objects/index.ts';
import { textAt } from '../../schema/index.ts';

/** Who asks. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Whose members may do everything. */
export const ADMIN_GROUP = 'system:masters';

/** Whose members may do what the pods of backup jobs have to do. */
export const POD_GROUP = 'holdfast:pods';

/** The engine's own controllers, which call inside the process. */
export const SYSTEM_USER: User = { name: 'system:holdfast', groups: [ADMIN_GROUP] };

/** Says who brings the given credentials; undefined for nobody that is known. */
export type Identify = (credentials: Credentials) => Identity | undefined;

/** The user that credentials stand for. A pod's count as long as the pod stands. */
export function userOf(identify: Identify, objects: ObjectStore, credentials: Credentials): User | undefined {
  const identity = identify(credentials);
  if (identity === undefined) return undefined;
  if (identity.user === 'admin') return { name: 'holdfast-admin', groups: [ADMIN_GROUP] };
  const pod = objects.list('pods').find(({ object }) => textAt(object, 'metadata', 'uid') === identity.uid);
  if (pod === undefined) return undefined;
  return { name: `holdfast:pod:${pod.key.namespace}:${pod.key.name}`, groups: [POD_GROUP] };
}
