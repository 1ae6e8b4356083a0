import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archiveRoots } from './entry-names.ts';
import { extractArchive } from './extract-archive.ts';
import { encodeHeader, type WritableHeader } from './tar-format.ts';
import { writeResourcesArchive } from './write-archive.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-extract-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const base: WritableHeader = {
  name: '',
  type: 'file',
  mode: 0o600,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 1_700_000_000,
  linkName: '',
};

/** An archive by hand, as nobody would write it by accident. */
async function forged(...entries: readonly Partial<WritableHeader>[]): Promise<string> {
  const path = join(folder, 'forged.tar.gz');
  const blocks = entries.map((entry) => encodeHeader({ ...base, ...entry }));
  await writeFile(path, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
  return path;
}

describe('extractArchive', () => {
  it('gives back what was archived, with modes, times, links and hard links', async () => {
    const host = join(folder, 'host');
    await mkdir(join(host, 'etc/pki/sub'), { recursive: true });
    await writeFile(join(host, 'etc/pki/ca.key'), 'secret', { mode: 0o600 });
    await writeFile(join(host, 'etc/pki/sub/large'), Buffer.alloc(300_000, 7));
    await chmod(join(host, 'etc/pki/sub'), 0o2750);
    await symlink('../ca.key', join(host, 'etc/pki/sub/link'));
    await link(join(host, 'etc/pki/ca.key'), join(host, 'etc/pki/second'));
    const then = new Date('2026-01-02T03:04:05Z');
    await utimes(join(host, 'etc/pki/ca.key'), then, then);
    await utimes(join(host, 'etc/pki'), then, then);
    const archive = join(folder, 'a.tar.gz');
    const sink = await open(archive, 'w');
    const source = { path: '/etc/pki', member: 'etc/pki', why: 'test' };
    await writeResourcesArchive({ hostRoot: host, sources: [source], neverSaved: [] }, sink);
    await sink.close();

    const target = join(folder, 'work/new/pki');
    const summary = await extractArchive(archive, { units: [{ member: 'etc/pki', diskPath: target }] });
    expect(summary).toEqual({ entries: 6, contentBytes: 300_006 });
    expect(await readFile(join(target, 'sub/large'))).toEqual(Buffer.alloc(300_000, 7));
    expect(await readlink(join(target, 'sub/link'))).toBe('../ca.key');
    const [key, second, sub, root] = await Promise.all(
      ['ca.key', 'second', 'sub', '.'].map((name) => lstat(join(target, name))),
    );
    expect(second?.ino).toBe(key?.ino);
    expect(key?.mtime).toEqual(then);
    expect(root?.mtime).toEqual(then);
    expect((sub?.mode ?? 0) & 0o7777).toBe(0o2750);
    expect((await lstat(join(folder, 'work'))).mode & 0o777).toBe(0o700);
  });

  it('takes only what was asked for', async () => {
    const archive = await forged({ name: 'a', type: 'folder', mode: 0o755 }, { name: 'a/x' }, { name: 'b' });
    await extractArchive(archive, { units: [{ member: 'a', diskPath: join(folder, 'out') }] });
    expect(await readdir(folder)).toEqual(['forged.tar.gz', 'out']);
  });

  const folderA = { name: 'a', type: 'folder', mode: 0o755 } as const;
  it.each<readonly [string, readonly Partial<WritableHeader>[]]>([
    ['leaves its folder by dots', [folderA, { name: 'a/../../evil' }]],
    ['is written through a link', [folderA, { name: 'a/l', type: 'symlink', linkName: '/tmp' }, { name: 'a/l/evil' }]],
    ['comes twice', [folderA, { name: 'a/x' }, { name: 'a/x' }]],
    [
      'replaces a link by a file',
      [folderA, { name: 'a/x', type: 'symlink', linkName: '/etc/passwd' }, { name: 'a/x' }],
    ],
    ['is a hard link to what is not laid back', [folderA, { name: 'a/x', type: 'hard-link', linkName: 'etc/shadow' }]],
    ['has no folder of its own', [folderA, { name: 'a/b/c' }]],
  ])('refuses an archive one of whose entries %s', async (_, entries) => {
    const archive = await forged(...entries);
    const units = [{ member: 'a', diskPath: join(folder, 'out') }];
    await expect(extractArchive(archive, { units })).rejects.toMatchObject({ code: 'HOST_ARCHIVE_REFUSED' });
    expect((await readdir(folder)).sort()).toEqual(['forged.tar.gz', 'out']);
  });

  it('refuses what is not there, what is too large, and what is cut short', async () => {
    const archive = await forged(folderA, { name: 'a/x' });
    const unit = (member: string) => [{ member, diskPath: join(folder, 'out', member) }];
    await expect(extractArchive(archive, { units: unit('b') })).rejects.toThrow('does not hold b');
    await expect(extractArchive(archive, { units: unit('a'), maxEntries: 1 })).rejects.toThrow('more than 1 entries');
    const bytes = await readFile(archive);
    await writeFile(archive, bytes.subarray(0, bytes.length - 20));
    await rm(join(folder, 'out'), { recursive: true });
    await expect(extractArchive(archive, { units: unit('a') })).rejects.toMatchObject({ code: 'HOST_ARCHIVE_REFUSED' });
  });

  it('never writes into what exists already', async () => {
    const archive = await forged(folderA, { name: 'a/x' });
    await mkdir(join(folder, 'out'));
    const units = [{ member: 'a', diskPath: join(folder, 'out') }];
    await expect(extractArchive(archive, { units })).rejects.toMatchObject({ code: 'HOST_ARCHIVE_REFUSED' });
    expect(await readdir(join(folder, 'out'))).toEqual([]);
  });
});

describe('archiveRoots', () => {
  it('finds the names that an archive was made of', () => {
    expect(archiveRoots(['a/b', 'a/b/c', 'd', 'a/e/f', 'd/g'])).toEqual(['a/b', 'd', 'a/e/f']);
  });
});
