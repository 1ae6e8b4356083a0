import { resources, type KubeClient, type ListOptions, type Node } from '../../apiserver/index.ts';
import { CONTROL_PLANE_LABELS } from '../pod-template.ts';

/**
 * The nodes that backups may run on, in the order of their names.
 *
 * @param nodeSelector - the labels that the pods ask of a node beside
 */
export async function controlPlaneNodes(
  list: (options: ListOptions) => Promise<readonly Node[]>,
  nodeSelector: Readonly<Record<string, string>>,
): Promise<readonly Node[]> {
  const found = new Map<string, Node>();
  for (const labelSelector of CONTROL_PLANE_LABELS)
    for (const node of await list({ labelSelector })) found.set(node.metadata.name, node);
  const isAskedFor = ({ metadata: { labels = {} } }: Node): boolean =>
    Object.entries(nodeSelector).every(([label, value]) => labels[label] === value);
  return [...found.values()].filter(isAskedFor).toSorted((a, b) => compare(a.metadata.name, b.metadata.name));
}

export function listNodes(client: KubeClient, signal: AbortSignal): (options: ListOptions) => Promise<readonly Node[]> {
  return async (options) => (await client.list(resources.nodes, { ...options, signal })).items;
}

/** Whether a pod on a node would run: its kubelet answers, and it is not on its way out. */
export function isAlive({ metadata, status }: Node): boolean {
  return metadata.deletionTimestamp === undefined && holds(status, 'Ready');
}

/** How little a node is fit to keep backups on its own disk; 0 for one that has no trouble. */
export function troubleOf({ spec, status }: Node): number {
  if (holds(status, 'DiskPressure')) return 2;
  const isPressed = holds(status, 'MemoryPressure') || holds(status, 'PIDPressure');
  return spec?.unschedulable === true || isPressed ? 1 : 0;
}

function holds(status: Node['status'], type: string): boolean {
  return status?.conditions?.some((each) => each.type === type && each.status === 'True') === true;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
