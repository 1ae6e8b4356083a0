import type { BackupJobSettings, PodSettings } from './settings.ts';

/** Where a pod sees what is mounted of its host. */
export const HOST_ROOT = '/host';

/** A place of the host that backups read. */
export interface HostMount {
  /** As the host names it. */
  readonly path: string;
  readonly type: 'folder' | 'file';
}

export interface ClusterPodsOptions {
  /** All that a backup's pod sees of its host, read-only. */
  readonly hostMounts: readonly HostMount[];
  /** Labels that the nodes of backups must have, beside those of the control plane. */
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly backupAccount: string;
  readonly requestAccount: string;
  /** Undefined: none. */
  readonly priorityClass: string | undefined;
  /** What a backup's process may do beyond reading root's own files: `DAC_READ_SEARCH`. Default: nothing. */
  readonly capabilities?: readonly string[] | undefined;
}

/**
 * The pods as a real cluster's nodes run them, with the least that does the work.
 *
 * A backup's pod has to be root and on the host's network: the files that it reads are root's alone, and etcd listens on
 * loopback (kubeadm, k3s). Nothing else of the host is in it. A request's pod needs the API server and nothing more, so it
 * keeps to the level `restricted` of the Pod Security Standards.
 */
export function clusterPods(options: ClusterPodsOptions): Pick<BackupJobSettings, 'backupPod' | 'requestPod'> {
  const spec = options.priorityClass === undefined ? {} : { priorityClassName: options.priorityClass };
  return {
    backupPod: backupPod(options, spec),
    requestPod: {
      serviceAccountName: options.requestAccount,
      spec: { ...spec, securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
      container: {
        securityContext: {
          runAsNonRoot: true,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        resources: { requests: { cpu: '10m', memory: '80Mi' }, limits: { memory: '256Mi' } },
      },
    },
  };
}

/** Locks of runs on one host meet here; the pod's root file system cannot be written to. */
const RUN_FOLDER = { name: 'run', mountPath: '/run/holdfast' };

function backupPod(
  { hostMounts, nodeSelector = {}, backupAccount, capabilities = [] }: ClusterPodsOptions,
  spec: Readonly<Record<string, unknown>>,
): PodSettings {
  const mounts = outermost(hostMounts).map((mount, index) => ({ ...mount, name: `host-${index}` }));
  return {
    serviceAccountName: backupAccount,
    spec: {
      ...spec,
      ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
      hostNetwork: true,
      // It asks no API server as its service account: the host's own kubeconfig is among the mounted files.
      automountServiceAccountToken: false,
      securityContext: {
        seccompProfile: { type: 'RuntimeDefault' },
        // Where SELinux is on, no other type may read a control plane's files. It means nothing elsewhere.
        seLinuxOptions: { type: 'spc_t' },
      },
    },
    container: {
      securityContext: {
        runAsUser: 0,
        runAsGroup: 0,
        runAsNonRoot: false,
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'], ...(capabilities.length === 0 ? {} : { add: [...capabilities] }) },
      },
      resources: { requests: { cpu: '100m', memory: '160Mi' }, limits: { memory: '1Gi' } },
    },
    volumes: [
      ...mounts.map(({ name, path, type }) => ({
        name,
        // A type that names what must be there: without one the container runtime would make a folder on the host.
        hostPath: { path, type: type === 'folder' ? 'Directory' : 'File' },
      })),
      { name: RUN_FOLDER.name, emptyDir: { sizeLimit: '1Mi' } },
    ],
    volumeMounts: [
      ...mounts.map(({ name, path }) => ({ name, mountPath: `${HOST_ROOT}${path}`, readOnly: true })),
      RUN_FOLDER,
    ],
  };
}

/** Without what lies in another folder that is mounted as well. */
function outermost(mounts: readonly HostMount[]): readonly HostMount[] {
  const isCovered = ({ path }: HostMount, index: number): boolean =>
    mounts.some(
      (other, at) =>
        (other.path === path && at < index) || (other.type === 'folder' && path.startsWith(`${other.path}/`)),
    );
  return mounts.filter((mount, index) => !isCovered(mount, index));
}
