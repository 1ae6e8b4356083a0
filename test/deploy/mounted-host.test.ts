import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { sourcesOnHost } from '../../src/host/index.ts';
import { holdfast, startControlPlane, temporaryFolder } from '../kit/index.ts';

/** All that the pod of a backup sees of its host. */
async function mounted(root: string, layout: 'openshift' | 'kubeadm'): Promise<string> {
  const seen = join(await temporaryFolder(), 'host');
  // What kubeadm's users put elsewhere is mounted by an option of its own.
  const elsewhere = layout === 'kubeadm' ? ['/etc/kube-audit', '/var/lib/encryption'] : [];
  for (const path of [...sourcesOnHost(layout).map((each) => each.path), ...elsewhere]) {
    await mkdir(dirname(join(seen, path)), { recursive: true });
    await cp(join(root, path), join(seen, path), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
  return seen;
}

it.each(['openshift', 'kubeadm'] as const)(
  'what a pod sees of a %s host is enough for a backup: endpoint, certificates, resources, encryption keys',
  async (layout) => {
    await using plane = await startControlPlane({ layout });
    const folder = await temporaryFolder();
    const root = await mounted(plane.root, layout);
    const run = await holdfast('backup', folder, '--host-root', root, '--layout', layout, '-o', 'json');
    expect(run.code, run.stderr).toBe(0);
    const listing = JSON.parse((await holdfast('list', folder, '-o', 'json')).stdout) as { backups: unknown[] };
    expect(listing.backups).toMatchObject([{ state: 'good', layout, encryption: { keysSaved: 'in-resources' } }]);
  },
);
