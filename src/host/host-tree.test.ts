import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { HostTree } from './host-tree.ts';

async function tree(): Promise<{ root: string; tree: HostTree }> {
  const outside = await temporaryFolder();
  await writeFile(join(outside, 'secret'), 'of this machine');
  const root = join(outside, 'host');
  await mkdir(join(root, 'etc/kubernetes'), { recursive: true });
  await mkdir(join(root, 'data/pki'), { recursive: true });
  await writeFile(join(root, 'data/pki/ca.crt'), 'of the host');
  return { root, tree: new HostTree(root) };
}

describe('a host tree that is mounted somewhere', () => {
  it('takes an absolute link to mean a path of the host, not of this machine', async () => {
    const host = await tree();
    await symlink('/data/pki', join(host.root, 'etc/kubernetes/pki'));
    const found = await host.tree.find('/etc/kubernetes/pki/ca.crt');
    expect(found).toMatchObject({ path: '/data/pki/ca.crt', diskPath: join(host.root, 'data/pki/ca.crt') });
    expect(await host.tree.readText('/etc/kubernetes/pki/ca.crt')).toBe('of the host');
  });

  it('never leaves the host root, by links or by names, however many steps up they take', async () => {
    const host = await tree();
    await symlink('../../../../../../secret', join(host.root, 'etc/kubernetes/up'));
    await symlink(join(host.root, '..', 'secret'), join(host.root, 'etc/kubernetes/absolute'));
    for (const path of ['/etc/kubernetes/up', '/etc/kubernetes/absolute', '/../secret', '/etc/../../../secret']) {
      expect(await host.tree.find(path), path).toBeUndefined();
    }
    expect(await host.tree.readText('/../../data/pki/ca.crt')).toBe('of the host');
  });

  it('finds nothing behind a dangling link, below a file, or where nothing is', async () => {
    const host = await tree();
    await symlink('/nowhere', join(host.root, 'etc/dangling'));
    for (const path of ['/etc/dangling', '/data/pki/ca.crt/below', '/nothing']) {
      expect(await host.tree.find(path), path).toBeUndefined();
      expect(await host.tree.list(path)).toEqual([]);
    }
  });

  it('says so when links lead round in a circle', async () => {
    const host = await tree();
    await symlink('/etc/b', join(host.root, 'etc/a'));
    await symlink('/etc/a', join(host.root, 'etc/b'));
    await expect(host.tree.find('/etc/a')).rejects.toMatchObject({ code: 'HOST_LINK_LOOP', subject: '/etc/a' });
  });

  it('says so when the host root itself is no folder', async () => {
    const host = await tree();
    await expect(new HostTree(join(host.root, 'missing')).find('/etc')).rejects.toMatchObject({
      code: 'HOST_ROOT_UNUSABLE',
    });
    expect(() => new HostTree('relative')).toThrow(expect.objectContaining({ code: 'HOST_ROOT_UNUSABLE' }));
  });

  it('names what is missing, with the hint for it', async () => {
    const host = await tree();
    await expect(host.tree.need('/etc/missing', 'Look again.')).rejects.toMatchObject({
      code: 'HOST_PATH_MISSING',
      hint: 'Look again.',
    });
  });
});
