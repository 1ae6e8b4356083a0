import { randomUUID } from 'node:crypto';
import type { CallOptions, KubeClient } from '../../apiserver/index.ts';
import type { Clock } from '../../base/index.ts';
import { formatTime } from '../../controller/index.ts';
import { clusterVersions } from '../../crd/index.ts';
import { ensure } from './lookup.ts';

/** Makes the ClusterVersion `version` say a release; the releases that it said before stay in its history. */
export async function ensureClusterVersion(
  client: KubeClient,
  version: string,
  { clock, ...options }: CallOptions & { readonly clock: Clock },
): Promise<void> {
  const standing = await ensure(
    client,
    clusterVersions,
    {
      apiVersion: 'config.openshift.io/v1',
      kind: 'ClusterVersion',
      metadata: { name: 'version' },
      spec: { clusterID: randomUUID() },
    },
    options,
  );
  const history = standing.status?.history ?? [];
  if (history[0]?.version === version) return;
  const now = formatTime(clock.now());
  const entry = { state: 'Completed', version, image: '', startedTime: now, completionTime: now, verified: false };
  const status = {
    ...standing.status,
    desired: { version, image: '' },
    history: [entry, ...history],
    observedGeneration: standing.metadata.generation ?? 1,
    versionHash: '',
    availableUpdates: null,
  };
  await client.updateStatus(clusterVersions, { ...standing, status }, options);
}
