import { describe, expect, it } from 'vitest';
import { pssViolations } from '../../test/kit/pod-security.ts';
import { clusterPods, type ClusterPodsOptions } from './cluster-pods.ts';
import { cronJobSpec } from './cron-job.ts';
import { podTemplate } from './pod-template.ts';
import { resolveSettings, type ResolvedSettings } from './settings.ts';

const PLACES = [
  { path: '/etc/kubernetes', type: 'folder' },
  { path: '/var/lib/kubelet/config.yaml', type: 'file' },
] as const;

function settings(options: Partial<ClusterPodsOptions> = {}): ResolvedSettings {
  const pods = clusterPods({
    hostMounts: PLACES,
    backupAccount: 'holdfast-backup',
    requestAccount: 'holdfast-request',
    priorityClass: 'system-node-critical',
    ...options,
  });
  return resolveSettings({ image: 'holdfast', ...pods });
}

const WORK = {
  labels: {},
  args: [],
  volumes: [{ name: 'backups', persistentVolumeClaim: { claimName: 'claim' } }],
  volumeMounts: [{ name: 'backups', mountPath: '/backups' }],
};

function backupPod(options?: Partial<ClusterPodsOptions>): unknown {
  const resolved = settings(options);
  return podTemplate(WORK, resolved, resolved.backupPod).spec;
}

describe('The pod of a backup on a cluster', () => {
  it('departs from the baseline of the Pod Security Standards in three things, and from restricted in being root', () => {
    expect(pssViolations('baseline', backupPod())).toEqual([
      'hostNetwork',
      'hostPath volume host-0',
      'hostPath volume host-1',
      'seLinuxOptions.type spc_t',
    ]);
    expect(pssViolations('restricted', backupPod()).filter((each) => /^runAs|cap|priv|seccomp/i.test(each))).toEqual([
      'runAsNonRoot is not true (cluster-backup)',
      'runAsUser 0 (cluster-backup)',
    ]);
  });

  it('cannot write to its host, but to the place of the backups', () => {
    const pod = backupPod() as { containers: { volumeMounts: object[]; securityContext: object }[]; volumes: object[] };
    expect(pod.containers[0]?.volumeMounts).toEqual([
      { name: 'backups', mountPath: '/backups' },
      { name: 'host-0', mountPath: '/host/etc/kubernetes', readOnly: true },
      { name: 'host-1', mountPath: '/host/var/lib/kubelet/config.yaml', readOnly: true },
      { name: 'run', mountPath: '/run/holdfast' },
    ]);
    expect(pod.volumes).toEqual([
      { name: 'backups', persistentVolumeClaim: { claimName: 'claim' } },
      { name: 'host-0', hostPath: { path: '/etc/kubernetes', type: 'Directory' } },
      { name: 'host-1', hostPath: { path: '/var/lib/kubelet/config.yaml', type: 'File' } },
      { name: 'run', emptyDir: { sizeLimit: '1Mi' } },
    ]);
    expect(pod.containers[0]?.securityContext).toMatchObject({ readOnlyRootFilesystem: true });
  });

  it('mounts nothing twice', () => {
    const hostMounts = [
      ...PLACES,
      { path: '/etc/kubernetes/audit', type: 'folder' },
      { path: '/etc/kubernetes', type: 'folder' },
      { path: '/etc/kubernetes-audit', type: 'folder' },
    ] as const;
    const pod = backupPod({ hostMounts }) as { volumes: { hostPath?: { path: string } }[] };
    expect(pod.volumes.flatMap(({ hostPath }) => hostPath?.path ?? [])).toEqual([
      '/etc/kubernetes',
      '/var/lib/kubelet/config.yaml',
      '/etc/kubernetes-audit',
    ]);
  });

  it('has no token of its service account, and the capabilities that it was given alone', () => {
    const pod = backupPod({
      capabilities: ['DAC_READ_SEARCH'],
      nodeSelector: { 'node-role.kubernetes.io/etcd': 'true' },
    });
    expect(pod).toMatchObject({
      serviceAccountName: 'holdfast-backup',
      automountServiceAccountToken: false,
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      nodeSelector: { 'node-role.kubernetes.io/etcd': 'true' },
      containers: [{ securityContext: { capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH'] } } }],
    });
  });
});

describe('The pod of a scheduled run on a cluster', () => {
  it('keeps to the level restricted of the Pod Security Standards', () => {
    const backup = { metadata: { name: 'nightly' }, spec: { etcd: {} } } as Parameters<typeof cronJobSpec>[0];
    const { spec } = cronJobSpec(backup, '20 4 * * *', settings({ priorityClass: undefined })).jobTemplate.spec
      .template;
    expect(pssViolations('restricted', spec)).toEqual([]);
    expect(spec).toMatchObject({ serviceAccountName: 'holdfast-request' });
    expect(spec).not.toHaveProperty('priorityClassName');
  });
});
