import type { KubeCensusResult } from './census.ts';
import type { EncryptionProgress, OpenShiftInfrastructure } from './openshift-facts.ts';
import type { LastSeen } from './well-known.ts';

/** What a snapshot says of the cluster it was taken from. */
export interface ClusterFacts {
  /** The UID of the kube-system namespace: the customary identity of a Kubernetes cluster. */
  readonly kubeSystemUid?: string;
  /** `4.17.5`. */
  readonly openshiftVersion?: string;
  /** Where the snapshot is of an OpenShift cluster. */
  readonly openshift?: OpenShiftFacts;
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

/** What OpenShift says of itself beside its version. */
export interface OpenShiftFacts {
  readonly clusterId: string | undefined;
  /** The release that it was going to. */
  readonly updatingTo: string | undefined;
  readonly infrastructure: OpenShiftInfrastructure | undefined;
  /** What is asked for: `aescbc`, `identity` … */
  readonly encryptionType: string | undefined;
  /** What its API servers have made of that. */
  readonly encryption: readonly ({ readonly apiServer: string } & EncryptionProgress)[];
}

/** Sums a census up. */
export function clusterFacts(census: KubeCensusResult): ClusterFacts {
  const { lastSeen } = census;
  const kubeSystemUid = lastSeen.kubeSystemUid?.fact;
  const openshiftVersion = lastSeen.release?.fact?.version;
  const openshift = openshiftFacts(lastSeen);
  const kubernetesVersion = lastSeen.kubeadmVersion?.fact ?? census.kubeletVersions.toSorted(compareVersions).at(-1);
  return {
    ...(kubeSystemUid === undefined ? {} : { kubeSystemUid }),
    ...(openshiftVersion === undefined ? {} : { openshiftVersion }),
    ...(openshift === undefined ? {} : { openshift }),
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

function openshiftFacts(seen: LastSeen): OpenShiftFacts | undefined {
  const release = seen.release?.fact;
  if (release === undefined) return undefined;
  const progress = [
    ['kube-apiserver', seen.kubeApiServer],
    ['openshift-apiserver', seen.openshiftApiServer],
    ['oauth-apiserver', seen.authentication],
  ] as const;
  return {
    clusterId: release.clusterId,
    updatingTo: release.updatingTo,
    infrastructure: seen.infrastructure?.fact,
    encryptionType: seen.encryptionType?.fact,
    encryption: progress.flatMap(([apiServer, last]) =>
      last?.fact === undefined ? [] : [{ apiServer, ...last.fact }],
    ),
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
