import {
  resources,
  type CustomResourceDefinition,
  type KubeClient,
  type NewObject,
} from '../../src/apiserver/index.ts';
import { clusterOperators, clusterVersions, featureGates, type ClusterVersion } from '../../src/crd/index.ts';
import { waitFor } from '../kit/index.ts';
import type { Manifest } from './manifests.ts';

/** A definition of ours as a cluster brings its own: with conditions in the status, and no more. */
export function likeTheClusters(manifest: Manifest): Manifest {
  if (manifest.kind !== 'CustomResourceDefinition') return manifest;
  const copy = structuredClone(manifest) as Manifest & {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { status: { properties: object } } } } }[] };
  };
  for (const { schema } of copy.spec.versions) {
    const { status } = schema.openAPIV3Schema.properties;
    const { conditions, backupJob } = status.properties as { conditions?: object; backupJob?: object };
    status.properties = { ...(conditions && { conditions }), ...(backupJob && { backupJob }) };
  }
  return copy;
}

/** Has an API serve what OpenShift says of itself. */
export async function makeOpenShift(client: KubeClient): Promise<void> {
  for (const { plural, kind } of [clusterOperators, clusterVersions, featureGates])
    await client.create(resources.customResourceDefinitions, definition(plural, kind));
  await waitFor(() =>
    client.create(clusterVersions, {
      apiVersion: 'config.openshift.io/v1',
      kind: 'ClusterVersion',
      metadata: { name: 'version' },
      spec: { clusterID: '0' },
    }),
  );
}

/** As the cluster does when an administrator has asked for a newer release. */
export async function beginUpdate(client: KubeClient): Promise<void> {
  const current = await client.get(clusterVersions, { name: 'version' });
  const startedTime = new Date().toISOString();
  const status: ClusterVersion['status'] = {
    desired: { version: '4.17.6' },
    history: [
      { version: '4.17.6', state: 'Partial', startedTime },
      { version: '4.17.5', state: 'Completed', startedTime: '2026-01-01T00:00:00Z' },
    ],
  };
  await client.updateStatus(clusterVersions, { ...current, status });
}

/** One of OpenShift's operators begins to roll out with these words, or has ended. */
export async function rollOut(client: KubeClient, name: string, message: string | undefined): Promise<void> {
  const apiVersion = 'config.openshift.io/v1';
  const standing = await client
    .get(clusterOperators, { name })
    .catch(() => client.create(clusterOperators, { apiVersion, kind: 'ClusterOperator', metadata: { name } }));
  const status = message === undefined ? 'False' : 'True';
  const lastTransitionTime = new Date().toISOString();
  const conditions = [{ type: 'Progressing', status, message: message ?? '', lastTransitionTime }];
  await client.updateStatus(clusterOperators, { ...standing, status: { conditions } });
}

/** As the feature set TechPreviewNoUpgrade does. */
export async function turnOnBackups(client: KubeClient): Promise<void> {
  const gate = await client.create(featureGates, {
    apiVersion: 'config.openshift.io/v1',
    kind: 'FeatureGate',
    metadata: { name: 'cluster' },
    spec: { featureSet: 'TechPreviewNoUpgrade' },
  });
  const enabled = [{ name: 'AutomatedEtcdBackup' }];
  await client.updateStatus(featureGates, { ...gate, status: { featureGates: [{ version: '4.17.5', enabled }] } });
}

function definition(plural: string, kind: string): NewObject<CustomResourceDefinition> {
  const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: anything, status: anything } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.config.openshift.io` },
    spec: {
      group: 'config.openshift.io',
      scope: 'Cluster',
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema }],
    },
  };
}
