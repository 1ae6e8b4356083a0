import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { exitCodes } from '../cli/exit-codes.ts';
import { etcdBackups, type EtcdBackup } from '../crd/index.ts';
import { objects, type Job } from '../apiserver/index.ts';
import { backupJob, backupJobName } from './backup-job.ts';
import { resolveSettings } from './settings.ts';

function etcdBackup(name: string, uid = 'b1946ac9-2492-4d23-a7e0-6f6c2a1d0f11', labels = {}): EtcdBackup {
  return etcdBackups.schema.parse({
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name, uid, labels },
    spec: {},
  });
}

function jobOf(...of: Parameters<typeof backupJob>): Job {
  return objects.job.parse(backupJob(...of));
}

const policy = z.object({ rules: z.array(z.unknown()) });
const NO_PLAN = { retention: undefined };
const SETTINGS = resolveSettings({ image: 'holdfast:test' });

describe('The name of a Job', () => {
  it('follows from the name and the uid of the EtcdBackup', () => {
    expect(backupJobName(etcdBackup('etcd-single-backup'))).toBe('cluster-backup-job-etcd-single-backup-b1946ac9');
  });

  it('is one that Kubernetes takes, for every name that an object may have', () => {
    const character = fc.constantFrom('a', 'b', 'z', '0', '9', '.', '-');
    const names = fc
      .string({ unit: character, minLength: 1, maxLength: 253 })
      .filter((name) => /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) && !/\.[.-]|-\./.test(name));
    fc.assert(
      fc.property(names, (name) => {
        const job = backupJobName(etcdBackup(name));
        expect(job.length).toBeLessThanOrEqual(63);
        expect(job).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
      }),
    );
  });
});

describe('The Job of a backup', () => {
  it('runs on a control-plane node, however that is labelled, unless the settings say otherwise', () => {
    const pod = jobOf(etcdBackup('x'), NO_PLAN, SETTINGS).spec.template.spec;
    expect(JSON.stringify(pod['affinity'])).toContain('node-role.kubernetes.io/control-plane');
    expect(pod['tolerations']).toContainEqual({ operator: 'Exists' });
    const anywhere = resolveSettings({ image: 'holdfast:test', onControlPlane: false });
    expect(jobOf(etcdBackup('x'), NO_PLAN, anywhere).spec.template.spec['affinity']).toBeUndefined();
  });

  it('leaves a node that does not answer after a while, since the first toleration that matches counts', () => {
    const tolerations = jobOf(etcdBackup('x'), NO_PLAN, SETTINGS).spec.template.spec['tolerations'];
    expect(tolerations).toMatchObject([
      { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', tolerationSeconds: 120 },
      { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', tolerationSeconds: 120 },
      { operator: 'Exists' },
    ]);
  });

  it('ends with its first pod where no retry can help, and does not count pods that were disrupted', () => {
    const { rules } = policy.parse(jobOf(etcdBackup('x'), NO_PLAN, SETTINGS).spec['podFailurePolicy']);
    const values = [exitCodes.usage.code, exitCodes.refused.code];
    expect(rules).toEqual([
      { action: 'FailJob', onExitCodes: { containerName: 'cluster-backup', operator: 'In', values } },
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    ]);
  });

  it('takes what the settings add to its pod', () => {
    const settings = resolveSettings({
      image: 'holdfast:test',
      backupPod: {
        serviceAccountName: 'backup',
        spec: { hostNetwork: true },
        container: { securityContext: { privileged: true } },
        env: [{ name: 'A', value: 'b' }],
        volumes: [{ name: 'host', hostPath: { path: '/etc/kubernetes' } }],
        volumeMounts: [{ name: 'host', mountPath: '/host/etc/kubernetes', readOnly: true }],
      },
    });
    const pod = jobOf(etcdBackup('x'), NO_PLAN, settings).spec.template.spec;
    expect(pod).toMatchObject({ serviceAccountName: 'backup', hostNetwork: true });
    expect(pod.volumes?.map(({ name }) => name)).toEqual(['backups', 'host']);
    expect(pod.containers[0]).toMatchObject({
      securityContext: { privileged: true },
      env: [{ name: 'A', value: 'b' }],
    });
    expect(pod.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual([
      '/backups',
      '/host/etc/kubernetes',
    ]);
  });

  it('belongs to the series of its EtcdBackup, with what is to stay of that', () => {
    const labels = { 'backup.holdfast.io/series': 'nightly' };
    const job = jobOf(etcdBackup('x', undefined, labels), { retention: { kind: 'number', maxBackups: 5 } }, SETTINGS);
    const args = job.spec.template.spec.containers[0]?.args ?? [];
    expect(args.slice(args.indexOf('--series'), args.indexOf('--series') + 2)).toEqual(['--series', 'nightly']);
    expect(args.slice(-2)).toEqual(['--retain-number', '5']);
    expect(job.metadata.labels).toMatchObject(labels);
  });
});

describe('Settings', () => {
  it.each([
    { activeDeadlineSeconds: 0 },
    { runDeadlineSeconds: 1.5 },
    { scheduleGraceSeconds: -1 },
    { hostFolder: 'backups' },
  ])('are refused with %j', (wrong) => {
    expect(() => resolveSettings({ image: 'x', ...wrong })).toThrow(TypeError);
  });
});
