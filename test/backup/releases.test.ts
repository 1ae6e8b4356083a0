import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  etcdReleases,
  freePorts,
  holdfast,
  holdfastCommand,
  judge,
  runCommand,
  startCluster,
  startControlPlane,
  succeed,
  temporaryFolder,
  waitFor,
  type EtcdRelease,
} from '../kit/index.ts';

describe.each(etcdReleases())('a backup of etcd $version on an OpenShift host', (release) => {
  it("finds everything by itself, and etcd's own tools restore it to the same data", async () => {
    await using plane = await startControlPlane({ release });
    const backups = plane.place('backups');
    const run = await plane.backup(backups);
    expect(run, run.stderr).toMatchObject({ code: 0 });

    const names = (await readdir(backups)).sort();
    expect(names).toEqual([
      expect.stringMatching(/^backup_\d{4}-\d\d-\d\d_\d{6}\.json$/),
      expect.stringMatching(/^snapshot_\d{4}-\d\d-\d\d_\d{6}\.db$/),
      expect.stringMatching(/^static_kuberesources_\d{4}-\d\d-\d\d_\d{6}\.tar\.gz$/),
    ]);
    for (const name of names) expect((await stat(join(backups, name))).mode & 0o777, name).toBe(0o600);
    expect((await stat(backups)).mode & 0o777).toBe(0o700);

    const snapshot = join(backups, names[1] ?? '');
    const theirs: unknown = JSON.parse(await judge(release, 'snapshot', 'status', snapshot, '-w', 'json'));
    const ours: unknown = JSON.parse((await holdfast('status', snapshot, '-o', 'json')).stdout);
    expect(ours).toMatchObject({ ...(theirs as object), liveKeys: plane.liveKeys });

    const dataDir = plane.place('restored');
    await judge(release, 'snapshot', 'restore', snapshot, '--data-dir', dataDir);
    const [was, is] = await Promise.all([
      allKeys(plane.cluster.etcdctl.bind(plane.cluster)),
      serving(release, dataDir, allKeys),
    ]);
    expect(is).toBe(was);
  });
});

/** Every key with its value and revisions, as etcdctl prints them. */
async function allKeys(etcdctl: (...args: string[]) => Promise<string>): Promise<string> {
  const answer = JSON.parse(await etcdctl('get', '', '--prefix', '-w', 'json')) as { readonly kvs: readonly unknown[] };
  return JSON.stringify(answer.kvs);
}

/** Runs an etcd of its own on a data directory while `work` asks it. */
async function serving<T>(
  release: EtcdRelease,
  dataDir: string,
  work: (etcdctl: (...args: string[]) => Promise<string>) => Promise<T>,
): Promise<T> {
  const [client = 0, peer = 0] = await freePorts(2);
  const url = `http://127.0.0.1:${client}`;
  const urls = [
    '--listen-client-urls',
    url,
    '--advertise-client-urls',
    url,
    '--listen-peer-urls',
    `http://127.0.0.1:${peer}`,
  ];
  const env = { PATH: process.env['PATH'], ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: url };
  const etcdctl = (...args: string[]): Promise<string> => succeed([join(release.folder, 'etcdctl'), ...args], { env });
  let pid = 0;
  const running = runCommand([join(release.folder, 'etcd'), '--data-dir', dataDir, ...urls], {
    env,
    onStart: (id) => (pid = id),
  });
  try {
    await waitFor(
      () =>
        etcdctl('endpoint', 'health').then(
          () => true,
          () => false,
        ),
      { timeoutMs: 20_000 },
    );
    return await work(etcdctl);
  } finally {
    process.kill(pid, 'SIGTERM');
    await running;
  }
}

describe("the reference's words", () => {
  it('stay, in their order, alone on standard output', async () => {
    await using plane = await startControlPlane();
    const backups = plane.place('backups');
    const { stdout } = await plane.backup(backups);
    const { revisions } = plane.host;
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, 4)).toEqual(
      (['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'] as const).map(
        (name) => `found latest ${name}: /etc/kubernetes/static-pod-resources/${name}-pod-${revisions[name]}`,
      ),
    );
    expect(Object.keys(JSON.parse(lines[4] ?? '{}') as object)).toEqual(['hash', 'revision', 'totalKey', 'totalSize']);
    expect(lines.slice(5)).toEqual([`snapshot db and kube resources are successfully saved to ${backups}`]);
  });

  it('and the file names serve cluster-restore.sh: newest by ls -v, and tar lays the revisions back', async () => {
    await using plane = await startControlPlane();
    const backups = plane.place('backups');
    await plane.backup(backups);
    await plane.backup(backups);
    const find = `ls -vd ${backups}/static_kuberesources*.tar.gz | tail -1; ls -vd ${backups}/snapshot*.db | tail -1`;
    const [archive = '', snapshot = ''] = (await succeed(['sh', '-c', find])).trim().split('\n');
    expect(archive.slice(-24)).toBe(snapshot.replace('.db', '.tar.gz').slice(-24));
    const target = await temporaryFolder();
    await succeed(['tar', '-C', target, '-xzf', archive, 'static-pod-resources']);
    for (const [name, revision] of Object.entries(plane.host.revisions)) {
      const folder = `static-pod-resources/${name}-pod-${revision}`;
      await succeed(['diff', '-r', join(plane.root, 'etc/kubernetes', folder), join(target, folder)]);
    }
  });
});

describe('a bare etcd', () => {
  it('is backed up over the plain protocol on IPv6, snapshot only, by etcdctl variables', async () => {
    await using cluster = await startCluster({ host: '::1' });
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'root'));
    const command = ['backup', join(folder, 'b'), '--host-root', join(folder, 'root'), '--snapshot-only', '-o', 'json'];
    const run = await runCommand(holdfastCommand(...command), {
      env: { ...process.env, ETCDCTL_ENDPOINTS: cluster.endpoints.join(',') },
    });
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(run.stdout)).toMatchObject({
      staticPods: [],
      dirty: [],
      files: { snapshot: expect.any(String) as string },
    });
    expect(await readdir(join(folder, 'b'))).toHaveLength(2);
  });

  it('with users needs the password, from a file or from the environment, and never shows it', async () => {
    await using cluster = await startCluster({ auth: { rootPassword: 'marker-hunter2' } });
    const folder = await temporaryFolder();
    const flags = ['--snapshot-only', '--host-root', folder, '--endpoints', cluster.endpoints.join(',')];
    const run = (user: readonly string[], env: Record<string, string> = {}, stdin?: string) =>
      runCommand(holdfastCommand('--log-level', 'debug', 'backup', join(folder, 'b'), ...flags, ...user), {
        env: { ...process.env, ...env },
        ...(stdin === undefined ? {} : { stdin }),
      });
    const byFile = await run(['--user', 'root', '--password-file', '-'], {}, 'marker-hunter2\n');
    const byVariable = await run(['--user', 'root'], { ETCDCTL_PASSWORD: 'marker-hunter2' });
    const wrong = await run(['--user', 'root:marker-wrong']);
    expect([byFile.code, byVariable.code, wrong.code], byFile.stderr + byVariable.stderr).toEqual([0, 0, 4]);
    expect(wrong.stderr).toContain('ETCD_AUTH_FAILED');
    for (const { stdout, stderr } of [byFile, byVariable, wrong]) expect(stdout + stderr).not.toContain('marker-');
  });
});
