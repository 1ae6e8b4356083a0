import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { temporarySampleHost } from '../../../test/kit/temporary-sample-host.ts';
import { describeHost } from '../describe-host.ts';
import { verifyArchive } from './verify-archive.ts';
import { writeResourcesArchive, type ArchiveSummary } from './write-archive.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

type Host = Parameters<typeof writeResourcesArchive>[0];

/** A tree with everything that a file system can hold and an archive must keep. */
async function oddTree(): Promise<{ root: string; host: Host }> {
  const root = await temporaryFolder();
  const at = (name: string): string => join(root, 'data', name);
  await mkdir(at('folder/empty'), { recursive: true });
  await writeFile(at('plain'), 'plain');
  await writeFile(at('empty'), '');
  await writeFile(at('secret'), 'secret', { mode: 0o600 });
  await writeFile(at('folder/big'), Buffer.alloc(9 * 1024 * 1024, 'holdfast '));
  await writeFile(at(`folder/${'long-'.repeat(40)}name`), 'long');
  await writeFile(at('folder/ключ и ключница 🔑'), 'unicode');
  await link(at('plain'), at('second name'));
  await symlink('/etc/kubernetes/absolute', at('link'));
  await symlink(`${'../'.repeat(3)}${'far-'.repeat(40)}`, at('long link'));
  if (isRoot) await chown(at('plain'), 1_000_650_000, 70_000);
  await chmod(at('secret'), 0o4755);
  await chmod(at('folder/empty'), 0o3711);
  for (const name of ['plain', 'empty', 'secret', 'link', 'folder/empty', 'folder/big'])
    await lutimes(at(name), 1_700_000_000.5, 1_700_000_000.5);
  return { root, host: { hostRoot: root, sources: [{ path: '/data', member: 'data', why: 'test' }], neverSaved: [] } };
}

async function archive(host: Host, options = {}): Promise<{ file: string; summary: ArchiveSummary }> {
  const file = join(await temporaryFolder(), 'archive.tar.gz');
  const handle = await open(file, 'wx', 0o600);
  try {
    return { file, summary: await writeResourcesArchive(host, handle, options) };
  } finally {
    await handle.close();
  }
}

/** Everything about every name below a folder that a restore must bring back. */
async function census(folder: string, name = ''): Promise<Record<string, string>> {
  const path = join(folder, name);
  const stats = await lstat(path);
  const content = stats.isFile()
    ? createHash('sha256')
        .update(await readFile(path))
        .digest('hex')
    : '';
  const target = stats.isSymbolicLink() ? await readlink(path) : '';
  const links = stats.isFile() ? stats.nlink : 0;
  const own = [
    stats.mode.toString(8),
    stats.uid,
    stats.gid,
    Math.floor(stats.mtimeMs / 1000),
    links,
    target,
    content,
  ].join(' ');
  const names = stats.isDirectory() ? await readdir(path) : [];
  const below = await Promise.all(names.map((each) => census(folder, join(name, each))));
  return Object.assign({ [name]: own }, ...below) as Record<string, string>;
}

describe('an archive of resources', () => {
  it('gives back the same tree with GNU tar: owners, modes, times, links and content', async () => {
    const { root, host } = await oddTree();
    const { file, summary } = await archive(host);
    const target = await temporaryFolder();
    await run('tar', ['-xpzf', file, '-C', target, '--numeric-owner']);
    expect(await census(join(target, 'data'))).toEqual(await census(join(root, 'data')));
    const { stdout } = await run('tar', ['-tvzf', file, '--numeric-owner']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(summary.entries);
    expect(stdout).toMatch(/^hrw-r--r-- .* data\/second name link to data\/plain$/m);
    expect(stdout).toMatch(/^-rwsr-xr-x .* 6 2023-11-14 .* data\/secret$/m);
  });

  it('says of itself what is true: size, digest and count', async () => {
    const { host } = await oddTree();
    let bytes = 0;
    const { file, summary } = await archive(host, { onBytes: (more: number) => (bytes += more) });
    const written = await readFile(file);
    expect(summary).toMatchObject({
      size: written.length,
      sha256: createHash('sha256').update(written).digest('hex'),
      contentBytes: bytes,
      findings: [],
    });
    const report = await verifyArchive(file);
    expect(report).toMatchObject({ size: summary.size, sha256: summary.sha256, contentBytes: bytes });
    expect(report.entries).toHaveLength(summary.entries);
    // The sample's own links lead nowhere, which verification says and does not call damage.
    expect(report.findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual(
      Array(2).fill('warning HOST_ARCHIVE_LINK_LEAVES'),
    );
  });

  it('is the same, byte for byte, for the same tree', async () => {
    const { host } = await oddTree();
    const [first, second] = [await archive(host), await archive(host)];
    expect(first.summary).toEqual(second.summary);
  });

  it('leaves out sockets and pipes, and says so, and never saves what must not be', async () => {
    const { root, host } = await oddTree();
    await run('mkfifo', [join(root, 'data/pipe')]);
    const server = createServer().listen(join(root, 'data/socket'));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.on('listening', resolve));
    const { file, summary } = await archive({ ...host, neverSaved: ['/data/folder'] });
    expect(summary.findings.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'HOST_SPECIAL_FILE_SKIPPED /data/pipe',
      'HOST_SPECIAL_FILE_SKIPPED /data/socket',
    ]);
    expect((await verifyArchive(file)).entries.map(({ name }) => name)).not.toContain('data/folder');
  });

  it('fails by name where a source is gone, and passes on what the sink says', async () => {
    const { host } = await oddTree();
    const gone = { ...host, sources: [{ path: '/data/gone', member: 'data/gone', why: 'test' }] };
    await expect(archive(gone)).rejects.toMatchObject({ code: 'HOST_FILE_CHANGED', subject: '/data/gone' });
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await expect(writeResourcesArchive(host, { write: () => Promise.reject(full) })).rejects.toBe(full);
  });

  it('fails by name where a large file is cut or grows while it is read', async () => {
    for (const change of ['cut', 'grow']) {
      const { root, host } = await oddTree();
      const big = await open(join(root, 'data/folder/big'), 'r+');
      let changed = false;
      const onBytes = (): void => {
        if (changed) return;
        changed = true;
        void (change === 'cut' ? big.truncate(1000) : big.appendFile('more'));
      };
      const sources = [{ path: '/data/folder/big', member: 'big', why: 'test' }];
      await expect(archive({ ...host, sources }, { onBytes }), change).rejects.toMatchObject({
        code: 'HOST_FILE_CHANGED',
        kind: 'transient',
        subject: '/data/folder/big',
      });
      await big.close();
    }
  });

  it('holds one whole version of a file that is replaced and rewritten all the time', async () => {
    const { root, host } = await oddTree();
    const file = join(root, 'data/rotating');
    const version = (round: number): string => `${round} `.repeat(50_000 + (round % 7) * 1000);
    await writeFile(file, version(0));
    let isDone = false;
    const rotate = async (): Promise<void> => {
      for (let round = 1; !isDone; round++) {
        await writeFile(`${file}.new`, version(round));
        await rename(`${file}.new`, file);
      }
    };
    const rotation = rotate();
    const sources = [{ path: '/data/rotating', member: 'rotating', why: 'test' }];
    for (let run = 0; run < 20; run++) {
      const { file: written } = await archive({ ...host, sources });
      const report = await verifyArchive(written, { want: () => true });
      const content = Buffer.from(report.files.get('rotating') ?? []).toString();
      expect(content).toBe(version(Number.parseInt(content, 10)));
    }
    isDone = true;
    await rotation;
  });

  it('fails by name where a file cannot be read', async () => {
    // Even root gets an input/output error here.
    const sources = [{ path: '/mem', member: 'mem', why: 'test' }];
    await expect(archive({ hostRoot: '/proc/self', sources, neverSaved: [] })).rejects.toMatchObject({
      code: 'HOST_PATH_UNREADABLE',
      subject: '/mem',
    });
  });

  it('refuses a name that is not UTF-8 rather than change it', async () => {
    const { root, host } = await oddTree();
    await writeFile(Buffer.concat([Buffer.from(join(root, 'data/caf')), Buffer.from([0xe9])]), '');
    await expect(archive(host)).rejects.toMatchObject({ code: 'HOST_NAME_NOT_UTF8', subject: '/data' });
  });

  it('stops with the reason of the signal', async () => {
    const { host } = await oddTree();
    const controller = new AbortController();
    const reason = new Error('enough');
    const signal = controller.signal;
    await expect(archive(host, { signal, onBytes: () => controller.abort(reason) })).rejects.toBe(reason);
  });
});

describe("an OpenShift host's archive", () => {
  it("restores with the reference's own command, to the same tree", async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift', encryption: true });
    const { file } = await archive(await describeHost({ hostRoot: root }));
    const target = await temporaryFolder();
    await run('tar', ['-C', target, '-xzf', file, 'static-pod-resources']);
    for (const folder of [
      'kube-apiserver-pod-6',
      'kube-controller-manager-pod-7',
      'kube-scheduler-pod-6',
      'etcd-pod-3',
    ]) {
      const before = await census(join(root, 'etc/kubernetes/static-pod-resources', folder));
      expect(await census(join(target, 'static-pod-resources', folder))).toEqual(before);
    }
    expect((await readdir(join(target, 'static-pod-resources'))).sort()).toHaveLength(4);
  });

  it('holds what an archive made as cluster-backup.sh makes it holds', async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift', encryption: true });
    const host = await describeHost({ hostRoot: root });
    const theirs = join(await temporaryFolder(), 'theirs.tar.gz');
    await run('tar', [
      '-cpzf',
      theirs,
      '-C',
      join(root, 'etc/kubernetes'),
      ...host.sources.map(({ member }) => member),
    ]);
    const ours = await archive(host);
    const [a, b] = [await verifyArchive(theirs), await verifyArchive(ours.file)];
    const byName = (report: typeof a): unknown => [...report.entries].sort((x, y) => (x.name < y.name ? -1 : 1));
    expect(byName(b)).toEqual(byName(a));
    expect([a.findings, b.findings]).toEqual([[], []]);
    expect(b.revisions).toEqual([
      { name: 'kube-apiserver', revision: 6 },
      { name: 'kube-controller-manager', revision: 7 },
      { name: 'kube-scheduler', revision: 6 },
      { name: 'etcd', revision: 3 },
    ]);
  });
});

describe.each(['kubeadm', 'k3s', 'rke2'] as const)('an archive of a %s host', (layout) => {
  it('is relative to /, is called good, and never holds etcd or audit logs', async () => {
    const { root, encryptionConfig } = await temporarySampleHost({ layout, encryption: true });
    const host = await describeHost({ hostRoot: root });
    const { file } = await archive(host);
    const report = await verifyArchive(file, { want: (name) => `/${name}` === encryptionConfig });
    expect(report.findings).toEqual([]);
    const names = report.entries.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(host.sources.map(({ member }) => member)));
    expect(names.filter((name) => /member\/snap|audit\.log|^\//.test(name))).toEqual([]);
    const [config] = report.files.values();
    expect(Buffer.from(config ?? [])).toEqual(await readFile(host.encryptionConfigs[0]?.diskPath ?? ''));
  });
});
