import type { KubeClient } from '../apiserver/index.ts';
import { outcomeOf, type EtcdBackup, type SeriesRetention } from '../crd/index.ts';
import { seriesOf } from './backup-job.ts';
import { controlPlaneNodes, isAlive, listNodes, troubleOf } from './storage/nodes.ts';
import type { StorageProblem } from './storage/problem.ts';
import { VOLUME_READY } from './storage/volume-condition.ts';

/** Where a backup goes that names no claim: to the disk of one control-plane node. */
export interface HostPlacement {
  /** Undefined: whatever node the scheduler finds, since there is no choice. */
  readonly nodeName: string | undefined;
  /** What is to stay on that node. */
  readonly retention: SeriesRetention | undefined;
}

export interface PlacementRequest {
  readonly client: KubeClient;
  readonly etcdBackup: EtcdBackup;
  /** All that are known, for who had the last ones. */
  readonly all: readonly EtcdBackup[];
  readonly retention: SeriesRetention | undefined;
  /** The labels that the pods ask of a node beside. */
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly now: Date;
  readonly signal: AbortSignal;
}

const NO_READY_NODE: StorageProblem = {
  passes: 'perhaps soon',
  code: 'OPERATOR_NO_READY_NODE',
  message: 'there is no control-plane node that is ready, to take the backup and to keep it',
  hint: 'See kubectl get nodes. Bring a node back, then ask for another backup.',
};

/** A disk on which a backup failed is left alone for so long, where others will do. */
const DISK_AGAIN_MS = 24 * 3_600_000;

/**
 * Chooses a control-plane node for a backup, in turns, so that the loss of one node leaves the backups of the others; and
 * divides what is to be kept among them. In turns and with equal shares, the newest backups stay, as on one volume. Nodes in
 * trouble (cordoned, pressed, with a disk that was full lately) come in only where there are no others; those that are not
 * ready never do.
 */
export async function placeOnHost(request: PlacementRequest): Promise<HostPlacement | StorageProblem> {
  const { client, retention, nodeSelector, signal } = request;
  const nodes = await controlPlaneNodes(listNodes(client, signal), nodeSelector);
  if (nodes.length <= 1 && nodes.every(isAlive)) return { nodeName: undefined, retention };
  const shares = new Map(nodes.map(({ metadata }, index) => [metadata.name, shareOf(retention, index, nodes.length)]));
  const [best] = nodes
    .filter(isAlive)
    .map((node) => {
      const { name } = node.metadata;
      const trouble = troubleOf(node) + Number(hasFailedDisk(name, request));
      return { name, trouble, isSpare: isNothing(shares.get(name)), last: lastAttempt(name, request) };
    })
    .toSorted((a, b) => a.trouble - b.trouble || Number(a.isSpare) - Number(b.isSpare) || compare(a.last, b.last));
  return best === undefined ? NO_READY_NODE : { nodeName: best.name, retention: atLeastOne(shares.get(best.name)) };
}

/** What one of `count` nodes keeps. The shares add up to the whole; of a number, some may be nothing. */
function shareOf(retention: SeriesRetention | undefined, index: number, count: number): SeriesRetention | undefined {
  if (retention === undefined) return undefined;
  if (retention.kind === 'size') return { kind: 'size', maxGb: retention.maxGb / count };
  const { maxBackups } = retention;
  return { kind: 'number', maxBackups: Math.floor(maxBackups / count) + (index < maxBackups % count ? 1 : 0) };
}

function isNothing(share: SeriesRetention | undefined): boolean {
  return share?.kind === 'number' && share.maxBackups === 0;
}

/** A node without a share is used only where no other is healthy; the one backup is worth more than the figure. */
function atLeastOne(share: SeriesRetention | undefined): SeriesRetention | undefined {
  return isNothing(share) ? { kind: 'number', maxBackups: 1 } : share;
}

/** When a node last had its turn, whatever came of it; empty where that is not known any more. */
function lastAttempt(name: string, { etcdBackup: me, all }: PlacementRequest): string {
  const series = seriesOf(me);
  return all
    .filter((each) => isOnHost(each, name) && each.metadata.uid !== me.metadata.uid && seriesOf(each) === series)
    .map(beginOf)
    .reduce((latest, each) => (each > latest ? each : latest), '');
}

/** Whether the last of all backups that went to a node's disk failed for that disk, and not long ago. */
function hasFailedDisk(name: string, { all, now }: PlacementRequest): boolean {
  let last: EtcdBackup | undefined;
  for (const each of all)
    if (isOnHost(each, name) && outcomeOf(each) !== 'BackupPending')
      if (last === undefined || beginOf(each) >= beginOf(last)) last = each;
  const condition = last?.status?.conditions?.find(({ type }) => type === VOLUME_READY);
  return (
    last !== undefined && condition?.status === 'False' && now.getTime() - Date.parse(beginOf(last)) < DISK_AGAIN_MS
  );
}

function isOnHost({ spec, status }: EtcdBackup, nodeName: string): boolean {
  return (spec.pvcName ?? '') === '' && status?.nodeName === nodeName;
}

function beginOf({ metadata, status }: EtcdBackup): string {
  return status?.startTime ?? metadata.creationTimestamp;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
