import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import type { CustomResourceDefinition } from '../../src/apiserver/index.ts';
import { kindsFromDefinition, prepareObject, validateObject } from '../../src/standalone/schema/index.ts';
import { makeTemporaryFolder, runCommand, succeed, waitFor } from '../kit/index.ts';
import { ClusterWithRights } from './cluster-with-rights.ts';
import { build, deploymentOf, parseManifests, type Manifest } from './manifests.ts';
import { makeOpenShift } from './openshift-cluster.ts';
import { OperatorProcess } from './operator-process.ts';
import { rightsOf } from './rights.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/olm-bundle.mjs', import.meta.url));
const IMAGE = `registry.example/holdfast@sha256:${'0123456789abcdef'.repeat(4)}`;
const OPERATOR = { namespace: 'holdfast', name: 'holdfast-operator' };

const csvSchema = z.strictObject({
  apiVersion: z.literal('operators.coreos.com/v1alpha1'),
  kind: z.literal('ClusterServiceVersion'),
  metadata: z.strictObject({
    name: z.string().max(63),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
  }),
  spec: z.strictObject({
    displayName: z.string(),
    description: z.string(),
    version: z.string().regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/),
    minKubeVersion: z.string().regex(/^\d+\.\d+\.\d+$/),
    maturity: z.string(),
    provider: z.strictObject({ name: z.string() }),
    keywords: z.array(z.string()),
    installModes: z.array(z.strictObject({ type: z.string(), supported: z.boolean() })).length(4),
    customresourcedefinitions: z.strictObject({
      owned: z.array(
        z.strictObject({
          name: z.string(),
          version: z.string(),
          kind: z.string(),
          displayName: z.string(),
          description: z.string().min(1),
        }),
      ),
    }),
    relatedImages: z.array(z.strictObject({ name: z.string(), image: z.string() })),
    install: z.strictObject({
      strategy: z.literal('deployment'),
      spec: z.strictObject({
        deployments: z.array(z.strictObject({ name: z.string(), label: z.looseObject({}), spec: z.looseObject({}) })),
        clusterPermissions: z.array(
          z.strictObject({ serviceAccountName: z.string(), rules: z.array(z.looseObject({})) }),
        ),
      }),
    }),
  }),
});

/** What OLM takes beside the ClusterServiceVersion (operator-registry, pkg/lib/bundle/supported_resources.go), of that we use. */
const TAKEN = [
  ...['CustomResourceDefinition', 'Service', 'PodDisruptionBudget', 'Role', 'RoleBinding'],
  ...['ServiceMonitor', 'PrometheusRule'],
];

const idOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

describe('The OLM bundle', () => {
  let folder: string;
  let csv: z.infer<typeof csvSchema>;
  /** What lies beside the ClusterServiceVersion. */
  let files: readonly Manifest[];
  let beside: readonly Manifest[];
  let installed: readonly Manifest[];

  beforeAll(async () => {
    folder = join(await makeTemporaryFolder(), 'bundle');
    await succeed([process.execPath, SCRIPT, '--image', IMAGE, '--outdir', folder, '--operator-arg=--before-update'], {
      env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
      timeoutMs: 120_000,
    });
    const texts = await Promise.all(
      (await readdir(join(folder, 'manifests'))).map((name) => readFile(join(folder, 'manifests', name), 'utf8')),
    );
    const all = parseManifests(texts.join('---\n'));
    csv = csvSchema.parse(load(texts.find((text) => text.includes('kind: ClusterServiceVersion')) ?? ''));
    files = all.filter(({ kind }) => kind !== 'ClusterServiceVersion');
    beside = await build('openshift/beside-olm');
    installed = [...(await build('openshift')), ...(await build('monitoring'))];
  });

  /** The objects that OLM makes of the bundle in the namespace holdfast. */
  const madeByOlm = (): readonly Manifest[] => {
    const { deployments, clusterPermissions } = csv.spec.install.spec;
    const rbac = 'rbac.authorization.k8s.io/v1';
    const account = { kind: 'ServiceAccount', ...OPERATOR };
    return [
      ...files.map((each) =>
        each.kind === 'CustomResourceDefinition'
          ? each
          : { ...each, metadata: { ...each.metadata, namespace: OPERATOR.namespace } },
      ),
      ...deployments.map(({ name, label, spec }) => ({
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', spec },
        metadata: { ...OPERATOR, name, labels: label as Record<string, string> },
      })),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { ...OPERATOR, labels: {} } },
      ...clusterPermissions.flatMap(({ rules }, index) => [
        { apiVersion: rbac, kind: 'ClusterRole', metadata: { name: `made-${index}`, labels: {} }, rules },
        {
          ...{ apiVersion: rbac, kind: 'ClusterRoleBinding', metadata: { name: `made-${index}`, labels: {} } },
          ...{ roleRef: { kind: 'ClusterRole', name: `made-${index}` }, subjects: [account] },
        },
      ]),
    ];
  };

  it('and what is applied beside it are together what deploy/openshift and deploy/monitoring install', () => {
    const isMadeByName = ({ kind, metadata }: Manifest): boolean =>
      kind.startsWith('ClusterRole') && metadata.name.startsWith('holdfast-operator');
    const named = (all: readonly Manifest[]): readonly string[] =>
      all
        .filter(({ metadata }) => !metadata.name.startsWith('made-'))
        .map(idOf)
        .toSorted();
    expect(named([...madeByOlm(), ...beside])).toEqual(named(installed.filter((each) => !isMadeByName(each))));
    for (const each of [...madeByOlm(), ...beside]) {
      const same = installed.find((other) => idOf(other) === idOf(each));
      if (each.kind === 'Deployment' || each.kind === 'ServiceAccount' || same === undefined) continue;
      expect(each).toEqual(same);
    }
  });

  it('gives the operator the same rights', () => {
    const rights = (all: readonly Manifest[]): readonly string[] =>
      [...new Set(rightsOf(all, OPERATOR).map((each) => JSON.stringify(each)))].toSorted();
    expect(rights([...madeByOlm(), ...beside])).toEqual(rights(installed));
    expect(csv.spec.install.spec.clusterPermissions.map((each) => each.serviceAccountName)).toEqual([OPERATOR.name]);
  });

  it('has the operator wait, not ready, until what is beside it is applied', async () => {
    const applied = [...madeByOlm()];
    const cluster = await ClusterWithRights.start(applied);
    onTestFinished(() => cluster.close());
    await makeOpenShift(cluster.client);
    const podName = 'holdfast-operator-1';
    const operator = await OperatorProcess.start({
      deployment: deploymentOf(applied),
      kubeconfig: await cluster.podOf(OPERATOR, podName, IMAGE),
      podName,
    });
    onTestFinished(() => operator.kill('SIGKILL'));
    const ready = async (): Promise<number> => (await operator.get('/readyz')).status;
    const patience = { timeoutMs: 90_000, what: () => operator.log };
    await waitFor(() => operator.log.includes('the lease cannot be had'), patience);
    expect(await ready()).toBe(503);
    applied.push(...beside);
    await waitFor(() => operator.log.includes('this process leads'), patience);
    await waitFor(async () => (await ready()) === 200, patience);
    expect(await operator.stop()).toBe(0);
  });

  it('starts the operator as the Deployment does, from the image that it was made for', () => {
    const expected = structuredClone(deploymentOf(installed).spec);
    for (const container of expected.template.spec.containers) {
      container.image = IMAGE;
      container.args.push('--before-update');
    }
    expect(csv.spec.install.spec.deployments).toHaveLength(1);
    expect(csv.spec.install.spec.deployments[0]?.spec).toEqual(expected);
    expect(csv.spec.relatedImages).toEqual([{ name: 'holdfast', image: IMAGE }]);
    expect(csv.metadata.annotations['containerImage']).toBe(IMAGE);
  });

  it('holds nothing that OLM would refuse or put elsewhere', () => {
    for (const each of files) {
      expect(TAKEN).toContain(each.kind);
      expect(each.metadata.namespace, idOf(each)).toBeUndefined();
    }
    expect(csv.spec.customresourcedefinitions.owned.map(({ name }) => name).toSorted()).toEqual(
      files.filter(({ kind }) => kind === 'CustomResourceDefinition').map(({ metadata }) => metadata.name),
    );
    expect(csv.metadata.name).toBe(`holdfast.v${csv.spec.version}`);
    expect(csv.metadata.annotations['createdAt']).toBe('2023-11-14T22:13:20Z');
  });

  it('shows an example of each kind, which its definition takes', () => {
    const examples = z
      .array(z.looseObject({ kind: z.string() }))
      .parse(JSON.parse(csv.metadata.annotations['alm-examples'] ?? ''));
    const kinds = files
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .flatMap((each) => kindsFromDefinition(each as Manifest & CustomResourceDefinition));
    expect(examples.map(({ kind }) => kind).toSorted()).toEqual(kinds.map(({ kind }) => kind).toSorted());
    for (const example of examples) {
      const kind = kinds.find((each) => each.kind === example.kind);
      if (kind === undefined) throw new Error(`no definition of ${example.kind}`);
      const { object, unknownFields } = prepareObject(kind, example);
      expect(unknownFields).toEqual([]);
      expect(validateObject(kind, object)).toEqual([]);
    }
  });

  it('says the same of itself in its image as in its folder', async () => {
    const { annotations } = load(await readFile(join(folder, 'metadata', 'annotations.yaml'), 'utf8')) as {
      annotations: Readonly<Record<string, string>>;
    };
    const text = await readFile(join(folder, 'Containerfile'), 'utf8');
    const labels = [...text.matchAll(/^LABEL (\S+)=(\S+)$/gm)].map(
      ([, name = '', value = '']) => [name, value] as const,
    );
    expect(Object.fromEntries(labels)).toEqual(annotations);
    expect(text).toContain('FROM scratch\n');
  });

  it.each([
    ['no image', []],
    ['an image without tag or digest', ['--image', 'registry.example:5000/holdfast']],
    [
      'a folder that holds something else',
      ['--image', IMAGE, '--outdir', fileURLToPath(new URL('.', import.meta.url))],
    ],
  ])('is not made for %s', async (_what, args) => {
    const { code, stderr } = await runCommand([process.execPath, SCRIPT, ...args]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: .+\n {2}next: .+\n$/);
  });
});
