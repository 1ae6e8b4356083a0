import type { HostFinding } from './findings.ts';

/** The kinds of control-plane host that Holdfast knows. */
export type HostLayout = 'openshift' | 'kubeadm' | 'k3s' | 'rke2';

/** A file or folder of the host. */
export interface HostPath {
  /** As the host itself names it: absolute, without the host root. Say this one to people. */
  readonly path: string;
  /** Where it lies on this machine: the host root added and every symbolic link resolved below it. Open this one. */
  readonly diskPath: string;
}

export type StaticPodName = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'etcd';

/** The four, in the order in which the reference script reports and archives them. */
export const STATIC_PODS: readonly StaticPodName[] = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'etcd',
];

/** One static pod of the control plane, as its running manifest describes it. */
export interface StaticPod {
  readonly name: StaticPodName;
  /** The manifest, as a host path. */
  readonly manifest: string;
  /** OpenShift: the static pod revision, the `6` of `kube-apiserver-pod-6`. */
  readonly revision?: number | undefined;
  /** OpenShift: the folder of that revision, as a host path. */
  readonly resourceDir?: string | undefined;
  /** The image of the container that gives the pod its name. */
  readonly image?: string | undefined;
}

/** How to reach the etcd that holds this control plane's cluster. */
export interface HostEtcd {
  /** `local`: a member runs on this host. `external`: the API server uses one elsewhere. */
  readonly place: 'local' | 'external';
  /** Client URLs, the local member's first. Never empty. */
  readonly endpoints: readonly string[];
  readonly cacert: HostPath | undefined;
  readonly cert: HostPath | undefined;
  readonly key: HostPath | undefined;
  /** The local member's data directory, as a host path. */
  readonly dataDir?: string | undefined;
  readonly memberName?: string | undefined;
}

/** A file or folder (with everything in it) that goes into the archive. */
export interface ArchiveSource {
  /** Absolute, as the host names it. */
  readonly path: string;
  /** Its name in the archive: relative to the host's {@link ControlPlaneHost.archiveRoot}. */
  readonly member: string;
  /** Why it is saved, as a short phrase: `kube-apiserver revision 6`, `--audit-policy-file`. */
  readonly why: string;
}

/** What {@link describeHost} found out. All paths are host paths unless they say otherwise. */
export interface ControlPlaneHost {
  readonly layout: HostLayout;
  /** The folder of this machine that is the host's `/`. */
  readonly hostRoot: string;
  readonly nodeName: string | undefined;
  /** Undefined where the host does not say; the findings then hold an error with code `HOST_ETCD_NOT_FOUND`. */
  readonly etcd: HostEtcd | undefined;
  /** In the order kube-apiserver, kube-controller-manager, kube-scheduler, etcd; empty for k3s, which runs no pods for them. */
  readonly staticPods: readonly StaticPod[];
  /** What member names are relative to, and what an archive of this host is restored into: `/etc/kubernetes` for OpenShift, else `/`. */
  readonly archiveRoot: string;
  /** No source lies inside another. */
  readonly sources: readonly ArchiveSource[];
  /** Host paths that never go into the archive, wherever a source would reach them: etcd's data, audit logs. */
  readonly neverSaved: readonly string[];
  /** Folders whose certificates are in use but are not saved (OpenShift renews them by itself). */
  readonly liveCertificateFolders: readonly string[];
  readonly encryptionConfigs: readonly HostPath[];
  /** A kubeconfig for the local API server with an administrator's rights. */
  readonly kubeconfig: HostPath | undefined;
  /** As an image tag says it: `v1.31.2`, `v1.30.5+rke2r1`. */
  readonly kubernetesVersion: string | undefined;
  readonly findings: readonly HostFinding[];
}
