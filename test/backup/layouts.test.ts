import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { holdfast, startControlPlane, succeed, temporaryFolder } from '../kit/index.ts';

/** What has to be in the archive of each layout, by name; all relative to the host's root. */
const needed = {
  kubeadm: [
    'etc/kubernetes/admin.conf',
    'etc/kubernetes/manifests/etcd.yaml',
    'etc/kubernetes/manifests/kube-apiserver.yaml',
    'etc/kubernetes/pki/ca.key',
    'etc/kubernetes/pki/etcd/ca.crt',
    'etc/kubernetes/pki/sa.key',
    'var/lib/kubelet/config.yaml',
  ],
  k3s: [
    'var/lib/rancher/k3s/server/token',
    'var/lib/rancher/k3s/server/tls/etcd/server-ca.crt',
    'etc/rancher/k3s/config.yaml',
  ],
  rke2: [
    'var/lib/rancher/rke2/server/token',
    'var/lib/rancher/rke2/server/tls/etcd/server-ca.crt',
    'etc/rancher/rke2/config.yaml',
  ],
} as const;

describe.each(['kubeadm', 'k3s', 'rke2'] as const)('on a %s host', (layout) => {
  it('the backup is found, taken and verified by one command, with what brings the control plane back', async () => {
    await using plane = await startControlPlane({ layout });
    const folder = await temporaryFolder();
    const run = await plane.backup(folder);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stdout).not.toContain('found latest');
    expect(run.stdout).toContain(`snapshot db and kube resources are successfully saved to ${folder}`);

    const archive = (await readdir(folder)).find((name) => name.startsWith('static_kuberesources_')) ?? '';
    const names = (await succeed(['tar', '-tzf', `${folder}/${archive}`])).split('\n');
    for (const name of needed[layout]) expect(names).toContain(name);
    expect(names.filter((name) => name.includes('db/etcd/member') || name.startsWith('var/lib/etcd/member'))).toEqual(
      [],
    );

    const listing = JSON.parse((await holdfast('list', folder, '-o', 'json')).stdout) as { backups: unknown[] };
    expect(listing.backups).toMatchObject([{ state: 'good', layout, encryption: { keysSaved: 'in-resources' } }]);
    const verified = await holdfast('verify', folder);
    expect(verified.code, verified.stdout).toBe(0);
  });
});

it('a layout that the host has not is refused by name', async () => {
  const folder = await temporaryFolder();
  const run = await holdfast('backup', folder, '--layout', 'kubeadm', '--host-root', folder);
  expect(run.code, run.stderr).toBe(8);
});
