import { appendFile, copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { smallDisk, standingHost, startCluster, succeed, type StandingHost } from '../kit/index.ts';

async function fileOf(folder: string, start: string): Promise<string> {
  const name = (await readdir(folder)).find((each) => each.startsWith(start));
  return join(folder, name ?? '');
}

/** Runs a restore that has to be refused, and sees that nothing has changed. */
async function refusal(host: StandingHost, ...args: readonly string[]): Promise<string> {
  const [before, revision] = [await host.picture(), await host.revision()];
  const run = await host.holdfast('restore', 'host', ...args, '--yes');
  expect([3, 5], run.stderr).toContain(run.code);
  expect(await host.picture()).toEqual(before);
  expect(await host.revision()).toBe(revision);
  expect(host.kubelet.running).toEqual(host.manifestNames.toSorted());
  return run.stderr;
}

describe('a restore is refused, with nothing changed,', () => {
  it('for a backup that is damaged', async () => {
    const host = await standingHost();
    const backup = await host.backup('backups');
    const snapshot = await fileOf(backup, 'snapshot_');
    const bytes = await readFile(snapshot);
    bytes.writeUInt8(bytes.readUInt8(20_000) ^ 0xff, 20_000);
    await writeFile(snapshot, bytes);
    expect(await refusal(host, backup)).toContain('SNAPSHOT_');
    await truncate(snapshot, 0);
    expect(await refusal(host, snapshot)).toContain('error');
    const archive = await fileOf(backup, 'static_');
    await appendFile(archive, 'x');
    expect(await refusal(host, backup)).toContain('HOST_ARCHIVE_');
  });

  it('for a backup of another cluster, unless that is overridden', async () => {
    const [host, other] = [
      await standingHost(),
      await standingHost({ kubeSystemUid: '00000000-0000-4000-8000-000000000000' }),
    ];
    const backup = await other.backup('backups');
    expect(await refusal(host, backup)).toContain('RECOVERY_OTHER_CLUSTER');
    const dry = await host.holdfast('restore', 'host', backup, '--dry-run', '--override', 'RECOVERY_OTHER_CLUSTER');
    expect(dry.code, dry.stderr).toBe(0);
  });

  it('for a backup of an older or newer minor release of Kubernetes', async () => {
    const host = await standingHost();
    for (const version of ['v1.31.9', 'v1.33.0']) {
      const other = await standingHost({ kubernetesVersion: version });
      expect(await refusal(host, await other.backup('backups'))).toContain(`the backup is of Kubernetes ${version}`);
    }
  });

  it('for encrypted data whose keys neither the backup nor the host has', async () => {
    const [encrypted, plain] = [await standingHost({ encryption: true }), await standingHost()];
    const backup = await encrypted.backup('backups');
    const alone = join(plain.folder, 'alone');
    await mkdir(alone);
    await copyFile(await fileOf(backup, 'snapshot_'), join(alone, 'snapshot.db'));
    expect(await refusal(plain, join(alone, 'snapshot.db'))).toContain('RECOVERY_KEYS_MISSING');
    const dry = await encrypted.holdfast('restore', 'host', join(alone, 'snapshot.db'), '--dry-run');
    expect(dry.code, dry.stderr).toBe(0);
  });

  it('while the etcd of another control-plane host still answers', async () => {
    const host = await standingHost({ layout: 'openshift' });
    const backup = await host.backup('backups');
    await using neighbour = await startCluster({ tls: host.pki });
    const [url = ''] = neighbour.endpoints;
    const file = host.disk('/etc/kubernetes/static-pod-resources/etcd-certs/configmaps/etcd-scripts/etcd.env');
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/(ENDPOINTS)="/g, `$1="${url},`));
    const words = await refusal(host, backup);
    expect(words).toContain('RECOVERY_MEMBER_RUNNING');
    expect(words).toContain('ssh core@127.0.0.1 sudo mv /etc/kubernetes/manifests/etcd-pod.yaml /root/');
  });

  it('where the disk has no room for new data beside the old', async () => {
    // etcd itself reserves two segments of 64 MB.
    const disk = await smallDisk({ bytes: 180_000_000 });
    const host = await standingHost({ place: disk.folder });
    const backup = await host.backup('backups');
    if (disk.limits === 'disk') expect(await refusal(host, backup)).toContain('RECOVERY_NO_ROOM');
  });

  it('for certificates that have expired, unless the data alone is restored', async () => {
    const host = await standingHost();
    const backup = await host.backup('backups');
    const expired = await host.pki.issue('expired', { notBefore: new Date(0), notAfter: new Date(86_400_000) });
    const archive = await fileOf(backup, 'static_');
    // As the reference's script would have made it: without a manifest, by tar.
    await rm(await fileOf(backup, 'backup_'));
    await copyFile(expired.cert, host.disk('/etc/kubernetes/pki/apiserver.crt'));
    await succeed(['tar', '-czf', archive, '-C', host.root, 'etc/kubernetes/pki', 'etc/kubernetes/manifests']);
    expect(await refusal(host, backup)).toContain('RECOVERY_CERTIFICATE_EXPIRED');
    const dry = await host.holdfast('restore', 'host', backup, '--dry-run', '--snapshot-only');
    expect(dry.code, dry.stderr).toBe(0);
  });

  it('for a name that is no backup, and for an override that is none', async () => {
    const host = await standingHost();
    const nothing = await host.holdfast('restore', 'host', join(host.folder, 'none'), '--yes');
    expect(nothing.code, nothing.stderr).toBe(2);
    const wrong = await host.holdfast('restore', 'host', host.folder, '--override', 'SNAPSHOT_HASH_MISMATCH');
    expect(wrong.code, wrong.stderr).toBe(2);
    const notAsked = await host.holdfast('restore', 'host', await host.backup('backups'));
    expect(notAsked.code, notAsked.stderr).toBe(3);
    expect(notAsked.stderr).toContain('--yes');
  });
});
