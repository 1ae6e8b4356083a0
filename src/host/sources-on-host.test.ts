import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { temporarySampleHost } from '../../test/kit/temporary-sample-host.ts';
import { describeHost, sourcesOnHost } from './index.ts';

/** What a container sees of a host: the mounted places alone. */
async function mounted(root: string, paths: readonly string[]): Promise<string> {
  const seen = join(await temporaryFolder(), 'host');
  for (const path of paths) {
    await mkdir(dirname(join(seen, path)), { recursive: true });
    await cp(join(root, path), join(seen, path), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  }
  return seen;
}

describe.each(['openshift', 'kubeadm', 'k3s', 'rke2'] as const)('The sources on a %s host', (layout) => {
  const paths = sourcesOnHost(layout).map(({ path }) => path);

  it('are all that a description needs', async () => {
    const host = await temporarySampleHost({ layout, encryption: layout !== 'kubeadm' });
    const whole = await describeHost({ hostRoot: host.root, layout });
    // What a user has put elsewhere has to be mounted by name, and is told of where it is not.
    const elsewhere = layout === 'kubeadm' ? ['/etc/kube-audit'] : [];
    const seen = await mounted(host.root, [...paths, ...elsewhere]);
    const found = await describeHost({ hostRoot: seen, layout });
    const expected = JSON.parse(JSON.stringify(whole).replaceAll(host.root, seen)) as typeof whole;
    // The host's own name is the one thing that may lack.
    expect(found).toMatchObject({ ...expected, nodeName: found.nodeName, hostRoot: found.hostRoot });
  });

  it('hold no data of etcd beyond the layout itself, and nothing of other pods', () => {
    for (const path of ['/', '/etc', '/var', '/var/lib', '/var/lib/etcd', '/var/lib/kubelet'])
      expect(paths).not.toContain(path);
  });
});

it('What lies elsewhere and is not mounted is told of', async () => {
  const host = await temporarySampleHost({ layout: 'kubeadm' });
  const seen = await mounted(
    host.root,
    sourcesOnHost('kubeadm').map(({ path }) => path),
  );
  const { findings } = await describeHost({ hostRoot: seen, layout: 'kubeadm' });
  expect(findings.map(({ code, where }) => `${code} ${where}`)).toEqual([
    'HOST_REFERENCED_FILE_MISSING /etc/kube-audit/policy.yaml',
  ]);
});
