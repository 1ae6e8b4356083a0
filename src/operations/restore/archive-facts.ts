import {
  isRunnablePod,
  soonestExpiry,
  STATIC_PODS,
  verifyArchive,
  type HostLayout,
  type SoonestExpiry,
  type StaticPodName,
} from '../../host/index.ts';
import type { ArchiveFacts } from './plan-resources.ts';

/** An archive's names, and the manifests that it holds with their text. */
export interface ReadArchiveFacts extends ArchiveFacts {
  readonly etcdManifest: string | undefined;
  readonly soonestExpiry: SoonestExpiry | undefined;
  /** OpenShift's release, which the API server's pod carries with it. */
  readonly openshiftVersion: string | undefined;
}

/** Where the archives of a layout keep the manifest of a pod. OpenShift: in the pod's revision folder. */
function manifestPattern(layout: HostLayout, pod: StaticPodName): RegExp {
  return layout === 'openshift'
    ? new RegExp(`^static-pod-resources/${pod}-pod-\\d+/${pod}-pod\\.yaml$`)
    : new RegExp(`^etc/kubernetes/manifests/${pod}\\.yaml$`);
}

const OPENSHIFT_VERSION = /^static-pod-resources\/kube-apiserver-pod-\d+\/configmaps\/kube-apiserver-pod\/version$/;

/**
 * Reads what a plan needs of an archive that has been verified.
 *
 * @throws HostError HOST_ARCHIVE_UNREADABLE
 */
export async function readArchiveFacts(
  path: string,
  layout: HostLayout,
  signal: AbortSignal,
): Promise<ReadArchiveFacts> {
  const patterns = STATIC_PODS.map((pod) => ({ pod, pattern: manifestPattern(layout, pod) }));
  const want = (name: string): boolean =>
    OPENSHIFT_VERSION.test(name) || patterns.some(({ pattern }) => pattern.test(name));
  const { entries, files } = await verifyArchive(path, { want, signal });
  const text = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : Buffer.from(files.get(name) ?? []).toString('utf8');
  const manifests = new Map<StaticPodName, string>();
  for (const { pod, pattern } of patterns) {
    const name = [...files.keys()].find((each) => pattern.test(each));
    if (name !== undefined && isRunnablePod(text(name) ?? '')) manifests.set(pod, name);
  }
  const version = text([...files.keys()].find((name) => OPENSHIFT_VERSION.test(name)))?.trim();
  return {
    names: entries.map(({ name }) => name),
    manifests,
    soonestExpiry: await soonestExpiry(path, signal),
    etcdManifest: text(manifests.get('etcd')),
    openshiftVersion: version === '' ? undefined : version,
  };
}
