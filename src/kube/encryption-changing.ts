import type { Finding } from '../base/index.ts';
import type { ClusterFacts } from './cluster-facts.ts';
import type { kubeFindings } from './errors.ts';

/** One warning for each API server of OpenShift that was writing what it stores anew; nothing is wrong with such a snapshot. */
export function encryptionChanging({
  openshift,
}: {
  readonly openshift?: ClusterFacts['openshift'] | undefined;
}): readonly Finding[] {
  const code: keyof typeof kubeFindings = 'KUBE_ENCRYPTION_CHANGING';
  return (openshift?.encryption ?? [])
    .filter(({ changing }) => changing)
    .map(({ apiServer, reason }) => ({
      severity: 'warning',
      code,
      where: apiServer,
      message: `the ${apiServer} was writing its objects anew with another key or with none when the snapshot was taken (${reason})`,
      hint: 'It goes on after a restore, and needs the old key and the new one: keep the static pod resources of this very backup, and take another when it is over.',
    }));
}
