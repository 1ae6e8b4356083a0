import {
  resources,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
} from '../../apiserver/index.ts';
import { BACKUP_NAMESPACE } from '../../crd/index.ts';
import type { ClusterReader } from './cluster-reader.ts';
import { isAlive } from './nodes.ts';
import type { StorageProblem } from './problem.ts';

export interface UsersRequest {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume | undefined;
  /** The nodes that backups may run on; undefined where they may run anywhere. */
  readonly candidates: readonly Node[] | undefined;
  readonly reader: ClusterReader;
  readonly signal: AbortSignal;
}

/** Sources of volumes that are mounted and not attached: several nodes may have them, whatever the access mode says. */
const NEVER_ATTACHED = ['nfs', 'cephfs', 'glusterfs', 'azureFile', 'quobyte', 'flexVolume', 'hostPath', 'local'];

/**
 * A volume for one node (ReadWriteOnce) that a pod has on a node already: the backup has to go there too, or would wait for
 * the volume for ever (Multi-Attach). One for a single pod (ReadWriteOncePod) is for nobody else.
 */
export async function whereItIsUsed(
  request: UsersRequest,
): Promise<StorageProblem | { readonly nodeName: string } | undefined> {
  const { claim, volume, candidates } = request;
  const modes = claim.spec.accessModes ?? [];
  const isForOnePod = modes.includes('ReadWriteOncePod');
  const isForOneNode = modes.includes('ReadWriteOnce') && !modes.includes('ReadWriteMany') && isAttached(volume);
  if (!isForOnePod && !isForOneNode) return undefined;
  const [user] = await usersOf(request, isForOnePod ? 'any' : 'on a node');
  if (user === undefined) return undefined;
  const { nodeName = '' } = user.spec;
  if (isForOnePod) return inUse(request, user, 'and is for one pod alone (ReadWriteOncePod)');
  const node = candidates?.find(({ metadata }) => metadata.name === nodeName);
  if (candidates === undefined || (node !== undefined && isAlive(node))) return { nodeName };
  const why = node === undefined ? 'takes no backups' : 'is not ready';
  return inUse(request, user, `and is for one node at a time (ReadWriteOnce); that node ${why}`);
}

function isAttached(volume: PersistentVolume | undefined): boolean {
  return volume !== undefined && !NEVER_ATTACHED.some((source) => volume.spec[source] !== undefined);
}

async function usersOf({ claim, reader, signal }: UsersRequest, which: 'any' | 'on a node'): Promise<readonly Pod[]> {
  // Pods that have ended stay by the thousand.
  const fieldSelector = 'status.phase!=Succeeded,status.phase!=Failed';
  const seen = await reader.list(resources.pods, { namespace: BACKUP_NAMESPACE, fieldSelector, signal });
  if (seen === 'forbidden') return [];
  return seen.found.filter(
    ({ spec }) =>
      (which === 'any' || (spec.nodeName ?? '') !== '') &&
      spec.volumes?.some(({ persistentVolumeClaim: mounted }) => mounted?.claimName === claim.metadata.name),
  );
}

function inUse({ claim }: UsersRequest, { metadata, spec }: Pod, why: string): StorageProblem {
  const where = (spec.nodeName ?? '') === '' ? '' : ` on ${spec.nodeName ?? ''}`;
  return {
    passes: 'perhaps soon',
    code: 'OPERATOR_CLAIM_IN_USE',
    message: `PVC [${claim.metadata.name}] is used by pod ${metadata.name}${where}, ${why}`,
    hint: `End that pod (kubectl delete pod -n ${BACKUP_NAMESPACE} ${metadata.name}), or name a claim that several may use.`,
  };
}
