import type { View } from '../../objects/index.ts';
import { objectAt, type JsonObject, type Kind } from '../../schema/index.ts';
import { forbidden, notFound } from '../protocol/status.ts';

export const NAMESPACES = { group: '', plural: 'namespaces' };

/** They cannot be deleted. */
const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/**
 * Refuses new objects in a namespace that does not stand, or that is being deleted (plugin/namespace/lifecycle/admission.go).
 *
 * @throws Refusal 404, 403
 */
export function assertNamespaceTakesObjects(view: View, kind: Kind, namespace: string, name: string): void {
  const found = view.get({ resource: NAMESPACES.plural, namespace: '', name: namespace });
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  if (objectAt(found.object, 'status')['phase'] !== 'Terminating') return;
  throw forbidden(kind, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}

/** @throws Refusal 403 */
export function assertMayBeDeleted(namespace: string): void {
  if (IMMORTAL.has(namespace)) throw forbidden(NAMESPACES, namespace, 'this namespace may not be deleted');
}

/** What keeps a namespace until its content is gone: not metadata's finalizers but the spec's. */
export function namespaceFinalizers(object: JsonObject): readonly string[] {
  const { finalizers } = objectAt(object, 'spec');
  return Array.isArray(finalizers) ? finalizers.filter((item) => typeof item === 'string') : [];
}
