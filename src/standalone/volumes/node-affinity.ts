import type { Node, PersistentVolume } from '../../apiserver/index.ts';
import { fulfils, parseExpressions } from './labels.ts';

export const HOST_NAME_LABEL = 'kubernetes.io/hostname';

/**
 * Whether a volume can be reached from a node. Terms are alternatives, the expressions of one term are all asked for, and a
 * term that asks for nothing is fulfilled by nothing (k8s.io/component-helpers/scheduling/corev1/nodeaffinity).
 */
export function fitsNode(volume: PersistentVolume, node: Pick<Node, 'metadata'>): boolean {
  const required = volume.spec.nodeAffinity?.required;
  if (required === undefined) return true;
  return required.nodeSelectorTerms.some((term) => {
    const byLabel = parseExpressions(term.matchExpressions);
    const byField = parseExpressions(term['matchFields']);
    return (
      byLabel.length + byField.length > 0 &&
      byLabel.every((each) => fulfils(node.metadata.labels ?? {}, each)) &&
      byField.every((each) => fulfils({ 'metadata.name': node.metadata.name }, each))
    );
  });
}

/** The names of the hosts that a volume asks for, for messages; empty where it asks in another way. */
export function wantedHosts(volume: PersistentVolume): readonly string[] {
  const terms = volume.spec.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  return terms
    .flatMap((term) => parseExpressions(term.matchExpressions))
    .filter(({ key, operator }) => key === HOST_NAME_LABEL && operator === 'In')
    .flatMap(({ values }) => values ?? []);
}
