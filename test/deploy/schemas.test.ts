import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { backups, etcdBackups } from '../../src/crd/index.ts';
import { backupJob } from '../../src/operator/backup-job.ts';
import { clusterPods } from '../../src/operator/cluster-pods.ts';
import { cronJobIdentity, cronJobSpec } from '../../src/operator/cron-job.ts';
import { resolveSettings } from '../../src/operator/settings.ts';
import { build, kustomizations, parseManifests, type Manifest } from './manifests.ts';
import { schemaProblems } from './published-schemas.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
/** OpenShift's, which no package has; and definitions, whose schema has itself inside, where the validator does not look. */
const NOT_JUDGED = ['Backup', 'EtcdBackup', 'FeatureGate', 'SecurityContextConstraints', 'CustomResourceDefinition'];

const metadata = { name: 'nightly', uid: 'b1946ac9-2492-4d23-a7e0-6f6c2a1d0f11' };
const settings = resolveSettings({
  image: 'holdfast',
  ...clusterPods({
    hostMounts: [{ path: '/etc/kubernetes', type: 'folder' }],
    nodeSelector: { 'node-role.kubernetes.io/etcd': 'true' },
    backupAccount: 'holdfast-backup',
    requestAccount: 'holdfast-request',
    priorityClass: 'system-node-critical',
    capabilities: ['DAC_READ_SEARCH'],
  }),
});

/** Those that some schema speaks against, with what it says. */
async function refused(manifests: readonly Manifest[]): Promise<readonly unknown[]> {
  const judged = await Promise.all(
    manifests
      .filter(({ kind }) => !NOT_JUDGED.includes(kind))
      .map(async (each) => ({ of: `${each.kind} ${each.metadata.name}`, problems: await schemaProblems(each) })),
  );
  return judged.filter(({ problems }) => problems.length > 0);
}

describe('The schemas that Kubernetes and Prometheus’ operator publish', () => {
  it('tell a field that is missing, one of another type, and one that they do not know', async () => {
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'x' } };
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { ports: [{ name: 'a' }] } };
    expect(await schemaProblems({ ...budget, spec: { maxUnavailable: 1 } })).toEqual([]);
    expect(await schemaProblems({ ...budget, spec: { maxUnavailable: [] } })).toHaveLength(1);
    expect(await schemaProblems({ ...budget, spec: { maxUnavailble: 1 } })).toEqual([
      '/spec/maxUnavailble is no field of PodDisruptionBudget',
    ]);
    expect(await schemaProblems(service)).toEqual([expect.stringMatching(/port/)]);
  });

  it('have nothing against any manifest of deploy/', async () => {
    for (const folder of await kustomizations()) expect(await refused(await build(folder)), folder).toEqual([]);
  });

  it('have nothing against any manifest of examples/', async () => {
    const files = (await readdir(EXAMPLES, { recursive: true })).filter((name) => name.endsWith('.yaml'));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files)
      expect(await refused(parseManifests(await readFile(join(EXAMPLES, file), 'utf8'))), file).toEqual([]);
  });

  it('have nothing against the Jobs and CronJobs that the operator makes', async () => {
    const etcdBackup = etcdBackups.schema.parse({
      apiVersion: 'operator.openshift.io/v1alpha1',
      kind: 'EtcdBackup',
      metadata,
      spec: { pvcName: 'claim' },
    });
    const backup = backups.schema.parse({
      apiVersion: 'config.openshift.io/v1alpha1',
      kind: 'Backup',
      metadata,
      spec: { etcd: { schedule: '20 4 * * *', timeZone: 'UTC', pvcName: 'claim' } },
    });
    const retention = { kind: 'number', maxBackups: 3 } as const;
    const job = backupJob(etcdBackup, { retention, nodeName: 'master-0' }, settings);
    expect(await schemaProblems(job)).toEqual([]);
    const spec = cronJobSpec(backup, '20 4 * * *', settings);
    const cronJob = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'x', ...cronJobIdentity(backup) } };
    expect(await schemaProblems({ ...cronJob, spec })).toEqual([]);
  });
});
