import {
  fitsNode,
  HOST_NAME_LABEL,
  resources,
  wantedHosts,
  type Node,
  type PersistentVolume,
} from '../../apiserver/index.ts';
import type { ClusterReader } from './cluster-reader.ts';
import { isAlive } from './nodes.ts';
import type { StorageProblem } from './problem.ts';

export interface ReachRequest {
  readonly claimName: string;
  readonly volume: PersistentVolume;
  /** The nodes that backups may run on. */
  readonly candidates: readonly Node[];
  readonly reader: ClusterReader;
  readonly signal: AbortSignal;
}

/** Why no backup can get to a volume: the nodes that it may run on are not those from which the volume can be reached. */
export async function whyOutOfReach(request: ReachRequest): Promise<StorageProblem | undefined> {
  const { claimName, volume, candidates } = request;
  const fitting = candidates.filter((node) => fitsNode(volume, node));
  if (fitting.some(isAlive)) return undefined;
  if (fitting.length === 0) return whyNoNodeFits(request);
  const names = fitting.map(({ metadata }) => metadata.name).join(', ');
  return {
    passes: 'perhaps soon',
    code: 'OPERATOR_VOLUME_NODE_NOT_READY',
    message: `volume ${volume.metadata.name} of PVC [${claimName}] can be reached from ${names}, which is not ready`,
    hint: 'Bring the node back, or name a claim on storage that other nodes reach too.',
  };
}

async function whyNoNodeFits({ claimName, volume, reader, signal }: ReachRequest): Promise<StorageProblem | undefined> {
  const what = `volume ${volume.metadata.name} of PVC [${claimName}]`;
  const hosts = wantedHosts(volume);
  const hint = `See the nodeAffinity in kubectl get pv ${volume.metadata.name} -o yaml. Name a claim on storage that control-plane nodes reach.`;
  const gone = (where: string): StorageProblem => ({
    passes: 'perhaps soon',
    ...{ code: 'OPERATOR_VOLUME_NODE_GONE', message: `${what} ${where}`, hint },
  });
  if (hosts.length === 0) return gone('can be reached from no control-plane node');
  const labelSelector = `${HOST_NAME_LABEL} in (${hosts.join(',')})`;
  const seen = await reader.list(resources.nodes, { labelSelector, signal });
  const standing = seen === 'forbidden' ? [] : seen.found.filter((node) => fitsNode(volume, node));
  if (standing.length === 0) return gone(`is on ${hosts.join(', ')}, and there is no such node`);
  const names = standing.map(({ metadata }) => metadata.name).join(', ');
  return {
    passes: 'for good',
    code: 'OPERATOR_VOLUME_UNREACHABLE',
    message: `${what} can only be reached from ${names}, which takes no backups: etcd and its certificates are on control-plane nodes`,
    hint,
  };
}
