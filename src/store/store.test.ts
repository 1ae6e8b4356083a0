import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  eachBounded,
  freeSpace,
  probeWritable,
  removeEmptyFolder,
  removeFile,
  sameFileSystem,
  scanFolder,
  storageError,
  StoreError,
} from './index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

const systemError = (code: string): Error => Object.assign(new Error(`${code}: oh`), { code });

describe('scanning a folder', () => {
  it('gives the files of the folder and of its direct sub-folders, links and deeper ones left out', async () => {
    await mkdir(join(folder, 'sub', 'deeper'), { recursive: true });
    await writeFile(join(folder, 'a'), '1');
    await writeFile(join(folder, 'sub', 'b'), '22');
    await writeFile(join(folder, 'sub', 'deeper', 'c'), '333');
    await symlink('/etc', join(folder, 'linked-folder'));
    await symlink('/etc/passwd', join(folder, 'sub', 'linked-file'));
    const { files, subfolders, unreadable } = await scanFolder(folder);
    expect(files.map(({ name, subfolder, size }) => ({ name, subfolder, size }))).toEqual([
      { name: 'a', subfolder: undefined, size: 1 },
      { name: 'b', subfolder: 'sub', size: 2 },
    ]);
    expect(files[1]?.path).toBe(join(folder, 'sub', 'b'));
    expect(subfolders).toEqual(['sub']);
    expect(unreadable).toEqual([]);
  });

  it('of something that is no folder, or not there, says so', async () => {
    await writeFile(join(folder, 'a'), '1');
    await expect(scanFolder(join(folder, 'a'))).rejects.toMatchObject({ code: 'STORE_NOT_A_FOLDER' });
    await expect(scanFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'STORE_NOT_FOUND' });
  });

  it('stops when the signal aborts', async () => {
    await writeFile(join(folder, 'a'), '1');
    const reason = new Error('enough');
    await expect(scanFolder(folder, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

it('bounded work reaches every item and never has more than its share in hand', async () => {
  let inHand = 0;
  let most = 0;
  const seen: number[] = [];
  await eachBounded(
    Array.from({ length: 100 }, (_, index) => index),
    undefined,
    async (item) => {
      most = Math.max(most, ++inHand);
      await Promise.resolve();
      seen.push(item);
      inHand--;
    },
  );
  expect(seen.sort((a, b) => a - b)).toHaveLength(100);
  expect(most).toBeLessThanOrEqual(32);
});

describe('space', () => {
  it('is that of the nearest folder that exists', async () => {
    const there = await freeSpace(folder);
    const notYet = await freeSpace(join(folder, 'not', 'yet'));
    expect(there).toBeGreaterThan(0);
    expect(Math.abs(there - notYet)).toBeLessThan(2 ** 30);
  });

  it('is shared by folders of one file system only', async () => {
    expect(await sameFileSystem(folder, join(folder, 'not', 'yet'))).toBe(true);
    expect(await sameFileSystem(folder, '/proc/self')).toBe(false);
  });
});

describe('a folder that is probed', () => {
  it('is left as it was when it can be written', async () => {
    await writeFile(join(folder, '.holdfast.probe'), 'left by a killed process');
    await probeWritable(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is named when it is not there or no folder', async () => {
    await writeFile(join(folder, 'a'), '1');
    const none = join(folder, 'none');
    await expect(probeWritable(none)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND', subject: none });
    await expect(probeWritable(join(folder, 'a'))).rejects.toMatchObject({ code: 'STORE_NOT_A_FOLDER' });
  });

  it('is not fooled by a link in the place of the probe', async () => {
    await symlink('/dev/null', join(folder, '.holdfast.probe'));
    await expect(probeWritable(folder)).rejects.toMatchObject({ code: 'ELOOP' });
  });
});

describe('a system error', () => {
  it.each([
    ['ENOSPC', 'STORE_FULL'],
    ['EDQUOT', 'STORE_QUOTA'],
    ['EFBIG', 'STORE_FILE_TOO_LARGE'],
    ['EROFS', 'STORE_READ_ONLY'],
    ['EACCES', 'STORE_DENIED'],
    ['EPERM', 'STORE_DENIED'],
    ['EIO', 'STORE_IO'],
    ['ESTALE', 'STORE_IO'],
    ['ENOENT', 'STORE_NOT_FOUND'],
    ['ENOTDIR', 'STORE_NOT_A_FOLDER'],
    ['EEXIST', 'STORE_EXISTS'],
  ])('%s becomes %s, with the path, a hint and the cause', (code, expected) => {
    const cause = systemError(code);
    const translated = storageError(cause, '/backups');
    if (!(translated instanceof StoreError)) throw new Error('not translated');
    expect(translated).toMatchObject({ code: expected, subject: '/backups', cause });
    expect(translated.message).toContain('/backups');
    expect(translated.hint).not.toBe('');
  });

  it('that is not known, and what was translated already, stays as it is', () => {
    const once = storageError(systemError('ENOSPC'), '/a');
    for (const other of [systemError('EWEIRD'), new Error('x'), 'text', once])
      expect(storageError(other, '/b')).toBe(other);
  });
});

describe('removing', () => {
  it('a file that is gone already is no failure', async () => {
    const path = join(folder, 'a');
    await writeFile(path, '1');
    expect(await removeFile(path)).toBe(true);
    expect(await removeFile(path)).toBe(false);
  });

  it('a folder happens only when it is empty', async () => {
    const path = join(folder, 'sub');
    await mkdir(path);
    await writeFile(join(path, 'notes.txt'), '1');
    expect(await removeEmptyFolder(path)).toBe(false);
    await removeFile(join(path, 'notes.txt'));
    expect(await removeEmptyFolder(path)).toBe(true);
    expect(await removeEmptyFolder(path)).toBe(false);
  });

  it('what is a folder after all fails with its name', async () => {
    await expect(removeFile(folder)).rejects.toThrow();
  });
});
