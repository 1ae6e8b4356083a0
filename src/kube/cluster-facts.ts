import type { KubeCensusResult } from './census.ts';

/** What a snapshot says of the cluster it was taken from. */
export interface ClusterFacts {
  /** The UID of the kube-system namespace: the customary identity of a Kubernetes cluster. */
  readonly kubeSystemUid?: string;
  /** `4.17.5`. */
  readonly openshiftVersion?: string;
  /** `v1.34.1`: kubeadm's word, else the newest kubelet's among the nodes seen last. */
  readonly kubernetesVersion?: string;
  /** By resource, provider and key name; superseded entries are counted too. */
  readonly encrypted: readonly {
    readonly resource: string;
    readonly provider: string;
    readonly keyName: string;
    readonly count: number;
  }[];
  /** Whether this is a control plane's data at all. */
  readonly looksLikeKubernetes: boolean;
}

/** Sums a census up. */
export function clusterFacts(census: KubeCensusResult): ClusterFacts {
  const kubeSystemUid = census.kubeSystemUid?.value;
  const openshiftVersion = census.openshiftVersion?.value;
  const kubernetesVersion = census.kubeadmVersion?.value ?? census.kubeletVersions.toSorted(compareVersions).at(-1);
  return {
    ...(kubeSystemUid === undefined ? {} : { kubeSystemUid }),
    ...(openshiftVersion === undefined ? {} : { openshiftVersion }),
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
    encrypted: census.encrypted.map(({ resource, provider, keyName, count }) => ({
      resource,
      provider,
      keyName,
      count,
    })),
    looksLikeKubernetes: kubeSystemUid !== undefined || census.kubernetesEntries > census.otherEntries,
  };
}

/** By the numbers in them: v1.9.0 before v1.10.0. */
function compareVersions(a: string, b: string): number {
  const [first, second] = [a, b].map((version) => (version.match(/\d+/g) ?? []).map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (first?.[index] ?? 0) - (second?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
