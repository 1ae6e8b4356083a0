import { lstat, readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { standingHost } from '../kit/index.ts';

describe.each(['kubeadm', 'openshift'] as const)('on a %s host', (layout) => {
  it('a restore brings the backup back, alone in a new cluster, and a rollback what was there before', async () => {
    const host = await standingHost({ layout });
    await host.put('/registry/test/kept', 'before');
    const backup = await host.backup('backups');
    await host.put('/registry/test/kept', 'after');
    await host.put('/registry/test/lost', 'after');
    const last = await host.revision();

    const dry = await host.holdfast('restore', 'host', backup, '--dry-run');
    expect(dry.code, dry.stderr).toBe(0);
    expect(dry.stdout).toContain(host.manifest('etcd'));
    expect(await host.get('/registry/test/kept')).toBe('after');

    const run = await host.holdfast('restore', 'host', backup, '--yes');
    expect(run.code, run.stderr).toBe(0);
    await host.kubelet.settled(host.manifestNames);
    expect(await host.get('/registry/test/kept')).toBe('before');
    expect(await host.get('/registry/test/lost')).toBe('');
    expect(await host.revision()).toBeGreaterThan(last);
    expect((await host.etcdctl('member', 'list')).trim().split('\n')).toHaveLength(1);

    const back = await host.holdfast('restore', 'host', '--rollback', '--yes');
    expect(back.code, back.stderr).toBe(0);
    await host.kubelet.settled(host.manifestNames);
    await host.serving();
    expect(await host.get('/registry/test/kept')).toBe('after');
    expect(await host.get('/registry/test/lost')).toBe('after');
    const [restore = ''] = (await readdir(host.disk('/var/lib/holdfast/restores'))).filter(
      (name) => !name.startsWith('.'),
    );
    // Nothing of ours is left but the restore's own folder and the data that etcd has run with.
    const work = await readdir(host.disk('/etc/kubernetes'));
    expect(work.filter((name) => name.startsWith('.holdfast'))).toEqual([]);
    expect((await lstat(host.disk(`/var/lib/holdfast/restores/${restore}`))).mode & 0o777).toBe(0o700);
  });
});
