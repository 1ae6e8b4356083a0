import { quantityBytes, resources, type Node, type PersistentVolumeClaim } from '../../apiserver/index.ts';
import { formatBytes } from '../../base/index.ts';
import type { ClusterReader } from './cluster-reader.ts';
import { controlPlaneNodes } from './nodes.ts';
import type { StorageProblem } from './problem.ts';
import { whyOutOfReach } from './reach.ts';
import { whyUnbound } from './unbound.ts';
import { whereItIsUsed } from './users.ts';

export interface VolumeRequest {
  readonly claim: PersistentVolumeClaim;
  readonly onControlPlane: boolean;
  /** The labels that the pods ask of a node beside. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** The size of the newest backup that went to the claim, if any is known. */
  readonly lastBytes: number | undefined;
  readonly reader: ClusterReader;
  readonly signal: AbortSignal;
}

export interface UsableVolume {
  /** The one node that can have it now; undefined: the scheduler chooses among those that reach it. */
  readonly nodeName: string | undefined;
  /** For people. */
  readonly message: string;
  /** It is likely to run full. */
  readonly isSmall: boolean;
}

/**
 * Whether a backup can be written to a claim, as far as the cluster tells, and on which node. That the volume has room and
 * may be written to is the backup's own to find out.
 */
export async function checkVolume(request: VolumeRequest): Promise<StorageProblem | UsableVolume> {
  const { claim, reader, signal } = request;
  const candidates = await candidatesFor(request);
  const parts = { claim, candidates, reader, signal };
  const { name } = claim.metadata;
  if (claim.status?.phase !== 'Bound') {
    const problem = (await whyUnbound(parts)) ?? (await whereItIsUsed({ ...parts, volume: undefined }));
    if (problem !== undefined && 'code' in problem) return problem;
    return { nodeName: undefined, message: `PVC [${name}] gets a volume when the backup's pod comes`, isSmall: false };
  }
  const { volumeName = '' } = claim.spec;
  const seen = await reader.get(resources.persistentVolumes, { name: volumeName }, signal);
  const volume = seen === 'forbidden' ? undefined : seen.found;
  const problem = volume && candidates && (await whyOutOfReach({ ...parts, claimName: name, volume, candidates }));
  if (problem !== undefined) return problem;
  const use = await whereItIsUsed({ ...parts, volume });
  if (use !== undefined && 'code' in use) return use;
  const short = shortage(request);
  const message = short ?? `PVC [${name}] is bound to volume ${volumeName}`;
  return { nodeName: use?.nodeName, message, isSmall: short !== undefined };
}

/** Undefined where they may run anywhere, and where the nodes may not be seen or bear no labels to choose them by. */
async function candidatesFor(request: VolumeRequest): Promise<readonly Node[] | undefined> {
  const { onControlPlane, nodeSelector, reader, signal } = request;
  if (!onControlPlane) return undefined;
  const refused: unknown[] = [];
  const nodes = await controlPlaneNodes(async (options) => {
    const seen = await reader.list(resources.nodes, { ...options, signal });
    if (seen !== 'forbidden') return seen.found;
    refused.push(options);
    return [];
  }, nodeSelector);
  return refused.length > 0 || nodes.length === 0 ? undefined : nodes;
}

function shortage({ claim: { metadata, status }, lastBytes }: VolumeRequest): string | undefined {
  const capacity = status?.capacity?.['storage'];
  if (capacity === undefined || lastBytes === undefined) return undefined;
  try {
    if (quantityBytes(String(capacity)) >= BigInt(lastBytes)) return undefined;
  } catch {
    // No size that anybody can read says nothing.
    return undefined;
  }
  return `PVC [${metadata.name}] has ${capacity}, and the last backup took ${formatBytes(lastBytes)}`;
}
