import { resources, type KubeClient, type Node } from '../apiserver/index.ts';
import type { EtcdBackup, SeriesRetention } from '../crd/index.ts';
import { seriesOf } from './backup-job.ts';
import { CONTROL_PLANE_LABELS } from './pod-template.ts';

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
  readonly signal: AbortSignal;
}

/**
 * Chooses a healthy control-plane node for a backup, in turns, so that the loss of one node leaves the backups of the others;
 * and divides what is to be kept among them. In turns and with equal shares, the newest backups stay, as on one volume.
 */
export async function placeOnHost(request: PlacementRequest): Promise<HostPlacement | 'no healthy node'> {
  const { etcdBackup, all, retention } = request;
  const nodes = await controlPlaneNodes(request);
  if (nodes.length <= 1 && nodes.every(isHealthy)) return { nodeName: undefined, retention };
  const shares = new Map(nodes.map(({ metadata }, index) => [metadata.name, shareOf(retention, index, nodes.length)]));
  const healthy = nodes.filter(isHealthy).map(({ metadata }) => metadata.name);
  const [nodeName] = healthy
    .map((name) => ({ name, last: lastAttempt(name, etcdBackup, all), isSpare: isNothing(shares.get(name)) }))
    .toSorted((a, b) => Number(a.isSpare) - Number(b.isSpare) || compare(a.last, b.last))
    .map(({ name }) => name);
  if (nodeName === undefined) return 'no healthy node';
  return { nodeName, retention: atLeastOne(shares.get(nodeName)) };
}

/** In the order of their names, which the shares go by. */
async function controlPlaneNodes({ client, nodeSelector, signal }: PlacementRequest): Promise<readonly Node[]> {
  const found = new Map<string, Node>();
  for (const labelSelector of CONTROL_PLANE_LABELS)
    for (const node of (await client.list(resources.nodes, { labelSelector, signal })).items)
      found.set(node.metadata.name, node);
  const isAskedFor = ({ metadata: { labels = {} } }: Node): boolean =>
    Object.entries(nodeSelector).every(([label, value]) => labels[label] === value);
  return [...found.values()].filter(isAskedFor).toSorted((a, b) => compare(a.metadata.name, b.metadata.name));
}

function isHealthy({ metadata, spec, status }: Node): boolean {
  const isReady = status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
  return isReady && spec?.unschedulable !== true && metadata.deletionTimestamp === undefined;
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
function lastAttempt(name: string, me: EtcdBackup, all: readonly EtcdBackup[]): string {
  const series = seriesOf(me);
  return all
    .filter(({ metadata, status }) => status?.nodeName === name && metadata.uid !== me.metadata.uid)
    .filter((each) => seriesOf(each) === series)
    .map(({ metadata, status }) => status?.startTime ?? metadata.creationTimestamp)
    .reduce((latest, each) => (each > latest ? each : latest), '');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
