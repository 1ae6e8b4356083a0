import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePrivateFolder, PartFile, writeFileDurably } from './durable-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-durable-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a file being written', () => {
  it('has only its .part name until it is published, and then only its final one, mode 0600', async () => {
    const file = await PartFile.create(join(folder, 'a.db'));
    await file.handle.write('bytes');
    expect(await readdir(folder)).toEqual(['a.db.part']);
    await file.publish();
    expect(await readdir(folder)).toEqual(['a.db']);
    expect((await stat(join(folder, 'a.db'))).mode & 0o777).toBe(0o600);
  });

  it('never replaces a file of its final name', async () => {
    await writeFile(join(folder, 'a.db'), 'older');
    const file = await PartFile.create(join(folder, 'a.db'));
    await file.handle.write('newer');
    await expect(file.publish()).rejects.toMatchObject({ code: 'EEXIST' });
    await file.discard();
    expect(await readFile(join(folder, 'a.db'), 'utf8')).toBe('older');
    expect(await readdir(folder)).toEqual(['a.db']);
  });

  it("leaves another run's .part alone", async () => {
    await writeFile(join(folder, 'a.db.part'), 'theirs');
    await expect(PartFile.create(join(folder, 'a.db'))).rejects.toMatchObject({ code: 'EEXIST' });
  });
});

describe('writeFileDurably', () => {
  it('replaces only when told to', async () => {
    const path = join(folder, 'm.json');
    await writeFileDurably(path, 'one');
    await expect(writeFileDurably(path, 'two')).rejects.toMatchObject({ code: 'EEXIST' });
    await writeFileDurably(path, 'three', { replace: true });
    expect(await readFile(path, 'utf8')).toBe('three');
    expect(await readdir(folder)).toEqual(['m.json']);
  });
});

describe('a file that is replaced', () => {
  it('is not kept from it by what a killed run had begun', async () => {
    const path = join(folder, 'file');
    await writeFile(`${path}.part`, 'half');
    await expect(writeFileDurably(path, 'one')).rejects.toMatchObject({ code: 'EEXIST' });
    await writeFileDurably(path, 'two', { replace: true });
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('a private folder', () => {
  it('is made with its parents, 0700 where they are new; one that is there keeps its mode', async () => {
    await chmod(folder, 0o755);
    await makePrivateFolder(join(folder, 'a', 'b'));
    expect((await stat(join(folder, 'a'))).mode & 0o777).toBe(0o700);
    expect((await stat(folder)).mode & 0o777).toBe(0o755);
    await makePrivateFolder(join(folder, 'a', 'b'));
  });

  it('cannot be made where nothing can be made, and the answer comes at once', async () => {
    await expect(makePrivateFolder('/proc/holdfast/backups')).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(join(folder, 'file'), '');
    await expect(makePrivateFolder(join(folder, 'file', 'x'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});
