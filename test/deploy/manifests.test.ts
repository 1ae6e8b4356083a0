import { describe, expect, it } from 'vitest';
import { pssViolations } from '../kit/pod-security.ts';
import { build, deploymentOf, kustomizations, OVERLAYS, single, type Manifest, type Overlay } from './manifests.ts';

const overlays = Object.keys(OVERLAYS) as Overlay[];
const idOf = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;

describe('Every kustomization', () => {
  it('builds, each object once', async () => {
    for (const folder of await kustomizations()) {
      const ids = (await build(folder)).map(idOf);
      expect(ids, folder).toEqual([...new Set(ids)]);
    }
  });

  it('names an image to be replaced, and no registry', async () => {
    for (const overlay of overlays) {
      const [container] = deploymentOf(await build(overlay)).spec.template.spec.containers;
      expect(container?.image).toBe('holdfast');
    }
  });
});

describe.each(overlays)('deploy/%s', (overlay) => {
  it('keeps the operator to the level restricted, which its namespace enforces', async () => {
    const all = await build(overlay);
    expect(pssViolations('restricted', deploymentOf(all).spec.template.spec)).toEqual([]);
    expect(single(all, 'Namespace', 'holdfast').metadata.labels['pod-security.kubernetes.io/enforce']).toBe(
      'restricted',
    );
  });

  it('says which layout the hosts have, and serves metrics where the Service and the probes look', async () => {
    const { replicas, template } = deploymentOf(await build(overlay)).spec;
    const [container] = template.spec.containers;
    expect(replicas).toBe(2);
    expect(container?.args).toContain(`--layout=${OVERLAYS[overlay]}`);
    expect(container?.args).toContain('--metrics=0.0.0.0:7480');
    expect(container?.ports).toEqual([{ name: 'metrics', containerPort: 7480 }]);
  });

  it('removes the operator alone with its operator folder: no definition, no claim, no namespace of backups', async () => {
    const removed = await build(`${overlay}/operator`);
    expect(removed.map(({ kind }) => kind)).not.toContain('CustomResourceDefinition');
    expect(removed.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name)).toEqual([
      'holdfast',
    ]);
    const kept = (await build(overlay)).map(idOf).filter((id) => !removed.map(idOf).includes(id));
    expect(kept.toSorted()).toEqual([
      'CustomResourceDefinition /backups.config.openshift.io',
      'CustomResourceDefinition /etcdbackups.operator.openshift.io',
      ...(overlay === 'openshift' ? [] : ['Namespace /openshift-etcd']),
    ]);
  });
});
