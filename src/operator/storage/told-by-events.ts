import { resources, type KubeEvent, type KubeObject } from '../../apiserver/index.ts';
import { BACKUP_NAMESPACE } from '../../crd/index.ts';
import type { ClusterReader } from './cluster-reader.ts';

/** The last that was said of an object by those who work on it, such as a provisioner; undefined where all is as it should be. */
export async function lastWordOn(
  { metadata: { uid } }: KubeObject,
  { reader, signal }: { readonly reader: ClusterReader; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const fieldSelector = `involvedObject.uid=${uid}`;
  const seen = await reader.list(resources.events, { namespace: BACKUP_NAMESPACE, fieldSelector, signal });
  if (seen === 'forbidden') return undefined;
  // FailedBinding is none of the warnings.
  const said = seen.found.filter(({ type, reason = '' }) => type === 'Warning' || reason.startsWith('Failed'));
  const last = said.toSorted((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1);
  return last && [last.reason, last.message].filter(Boolean).join(': ');
}

/** Newer recorders write `eventTime` alone. */
function timeOf({ metadata, lastTimestamp, ...event }: KubeEvent): string {
  const { eventTime } = event;
  return lastTimestamp ?? (typeof eventTime === 'string' ? eventTime : metadata.creationTimestamp);
}
