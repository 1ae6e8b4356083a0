import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';
import * as z from 'zod';
import { makeTemporaryFolder } from '../kit/index.ts';
import { Kubectl } from '../standalone/kubectl.ts';

export const DEPLOY: string = fileURLToPath(new URL('../../deploy/', import.meta.url));

/** The overlays that an administrator applies, and the layout that each is for. */
export const OVERLAYS = { kubernetes: 'kubeadm', k3s: 'k3s', rke2: 'rke2', openshift: 'openshift' } as const;
export type Overlay = keyof typeof OVERLAYS;

const manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});

/** An object of deploy/, as kustomize gives it out. */
export type Manifest = z.infer<typeof manifest>;

const built = new Map<string, Promise<readonly Manifest[]>>();

/** What `kubectl apply -k deploy/<folder>` applies. */
export function build(folder: string): Promise<readonly Manifest[]> {
  const known = built.get(folder) ?? kustomize(join(DEPLOY, folder)).then(parseManifests);
  built.set(folder, known);
  return known;
}

let kubectl: Promise<Kubectl> | undefined;

/** A real kubectl, which has kustomize built in. */
export function provideKubectl(): Promise<Kubectl> {
  kubectl ??= makeTemporaryFolder().then((home) => Kubectl.provide('trixie', home));
  return kubectl;
}

/** The text that kubectl's own kustomize makes of a folder. */
export async function kustomize(folder: string): Promise<string> {
  return (await provideKubectl()).with('/nonexistent').out('kustomize', folder);
}

export function parseManifests(text: string): readonly Manifest[] {
  return z.array(manifest).parse(loadAll(text));
}

/** The one object of a kind and name. */
export function single(all: readonly Manifest[], kind: string, name: string): Manifest {
  const found = all.filter((each) => each.kind === kind && each.metadata.name === name);
  if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} of ${kind} ${name}`);
  return found[0];
}

const deployment = z.looseObject({
  spec: z.looseObject({
    replicas: z.number(),
    template: z.looseObject({
      metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        serviceAccountName: z.string(),
        containers: z
          .array(
            z.looseObject({
              name: z.string(),
              image: z.string(),
              command: z.array(z.string()),
              args: z.array(z.string()),
              ports: z.array(z.looseObject({ name: z.string(), containerPort: z.number() })),
            }),
          )
          .length(1),
      }),
    }),
  }),
});

export type Deployment = z.infer<typeof deployment>;

/** The operator's Deployment. */
export function deploymentOf(all: readonly Manifest[]): Deployment {
  return deployment.parse(single(all, 'Deployment', 'holdfast-operator'));
}

/** Every folder below deploy/ that has a kustomization. */
export async function kustomizations(below = ''): Promise<readonly string[]> {
  const entries = await readdir(join(DEPLOY, below), { withFileTypes: true });
  const inner = await Promise.all(
    entries.filter((each) => each.isDirectory()).map(({ name }) => kustomizations(join(below, name))),
  );
  return [...(entries.some(({ name }) => name === 'kustomization.yaml') ? [below] : []), ...inner.flat()].sort();
}
