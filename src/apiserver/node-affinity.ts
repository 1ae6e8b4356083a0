import { fulfils, parseExpressions } from './label-selectors.ts';
import type { Node, PersistentVolume } from './objects.ts';

/** Of a node: what its kubelet calls the host. */
export const HOST_NAME_LABEL = 'kubernetes.io/hostname';

/** A term of a node selector, as it came. */
type NodeSelectorTerm = Readonly<Record<string, unknown>>;

/**
 * Whether a node is one that a node selector asks for. Terms are alternatives, the expressions of one term are all asked for,
 * and a term that asks for nothing is fulfilled by nothing (k8s.io/component-helpers/scheduling/corev1/nodeaffinity).
 */
export function fitsNodeTerms(terms: readonly NodeSelectorTerm[], { metadata }: Pick<Node, 'metadata'>): boolean {
  return terms.some((term) => {
    const byLabel = parseExpressions(term['matchExpressions']);
    const byField = parseExpressions(term['matchFields']);
    return (
      byLabel.length + byField.length > 0 &&
      byLabel.every((each) => fulfils(metadata.labels ?? {}, each)) &&
      byField.every((each) => fulfils({ 'metadata.name': metadata.name }, each))
    );
  });
}

/** Whether a volume can be reached from a node. */
export function fitsNode(volume: PersistentVolume, node: Pick<Node, 'metadata'>): boolean {
  const required = volume.spec.nodeAffinity?.required;
  return required === undefined || fitsNodeTerms(required.nodeSelectorTerms, node);
}

/** The names of the hosts that a volume asks for, for messages; empty where it asks in another way. */
export function wantedHosts(volume: PersistentVolume): readonly string[] {
  const terms = volume.spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return terms
    .flatMap((term) => parseExpressions(term.matchExpressions))
    .filter(({ key, operator }) => key === HOST_NAME_LABEL && operator === 'In')
    .flatMap(({ values }) => values ?? []);
}
