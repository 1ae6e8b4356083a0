import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { openVolumeFolders } from './folders.ts';
import { mountsBelow } from './mounts.ts';

const NAME = 'pvc-7ed3ac9c-d599-4e5d-963e-cb44c324b1e1';
const OTHER = 'pvc-00000000-d599-4e5d-963e-cb44c324b1e1';

describe('the folders of volumes', () => {
  it('are made for our user alone, once, and keep what is in them', async () => {
    const root = join(await temporaryFolder(), 'volumes');
    const folders = await openVolumeFolders(root);
    const path = await folders.create(NAME);
    await writeFile(join(path, 'backup'), 'bytes');
    expect(await folders.create(NAME)).toBe(path);
    expect((await lstat(path)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(path, 'backup'), 'utf8')).toBe('bytes');
  });

  it('are removed with all that is in them', async () => {
    const folders = await openVolumeFolders(await temporaryFolder());
    const path = await folders.create(NAME);
    await mkdir(join(path, 'a', 'b'), { recursive: true });
    await writeFile(join(path, 'a', 'b', 'c'), '');
    expect(await folders.remove(NAME)).toBe(true);
    expect(await folders.remove(NAME)).toBe(false);
    await expect(lstat(path)).rejects.toThrow('ENOENT');
  });

  it('never lead a removal out of them: links go, what they point at stays', async () => {
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'precious'), 'data');
    const folders = await openVolumeFolders(await temporaryFolder());
    const path = await folders.create(NAME);
    await symlink(outside, join(path, 'link'));
    await symlink(join(outside, 'precious'), join(path, 'file'));
    await folders.remove(NAME);
    expect(await readFile(join(outside, 'precious'), 'utf8')).toBe('data');
  });

  it('are not removed where a link stands in their place', async () => {
    const outside = await temporaryFolder();
    await writeFile(join(outside, 'precious'), 'data');
    const root = await temporaryFolder();
    const folders = await openVolumeFolders(root);
    await symlink(outside, join(root, NAME));
    await expect(folders.remove(NAME)).rejects.toMatchObject({ code: 'STANDALONE_VOLUME_NOT_REMOVED' });
    await expect(folders.create(NAME)).rejects.toThrow('EEXIST');
    expect(await readdir(outside)).toEqual(['precious']);
  });

  it.each(['..', '.', '', 'etc', '../../etc', 'pvc-', `${NAME}/..`, `x${NAME}`, NAME.toUpperCase()])(
    'are never asked for by a name like %j',
    async (name) => {
      const folders = await openVolumeFolders(await temporaryFolder());
      expect(() => folders.pathOf(name)).toThrow(TypeError);
      await expect(folders.remove(name)).rejects.toThrow(TypeError);
    },
  );

  it('go on being removed after a kill, and empty ones of no volume go; nothing else does', async () => {
    const root = await temporaryFolder();
    const folders = await openVolumeFolders(root);
    await mkdir(join(root, '.removing', NAME, 'half'), { recursive: true });
    await folders.create(OTHER);
    const full = await folders.create('pvc-11111111-d599-4e5d-963e-cb44c324b1e1');
    await writeFile(join(full, 'backup'), '');
    const kept = await folders.create('pvc-22222222-d599-4e5d-963e-cb44c324b1e1');
    await mkdir(join(root, 'lost+found'));
    expect(await folders.sweep(new Set(['pvc-22222222-d599-4e5d-963e-cb44c324b1e1']))).toEqual([full]);
    expect((await readdir(root)).sort()).toEqual(
      ['.removing', 'lost+found', full, kept].map((path) => path.split('/').at(-1)).sort(),
    );
    expect(await readdir(join(root, '.removing'))).toEqual([]);
  });

  it('finish what a kill left of the same volume', async () => {
    const root = await temporaryFolder();
    const folders = await openVolumeFolders(root);
    await mkdir(join(root, '.removing', NAME, 'half'), { recursive: true });
    await folders.create(NAME);
    await folders.remove(NAME);
    expect(await readdir(join(root, '.removing'))).toEqual([]);
  });
});

describe('mountsBelow', () => {
  it('finds what is mounted at a folder and in it, blanks in names included', async () => {
    const list = join(await temporaryFolder(), 'mountinfo');
    const lines = [
      '/',
      '/data/volumes',
      '/data/volumes/pvc\\0401',
      '/data/volumes/pvc\\0401/x',
      '/data/volumes/pvc\\04012',
    ];
    await writeFile(list, lines.map((place, index) => `${index} 1 0:1 / ${place} rw - ext4 /dev/sda rw`).join('\n'));
    expect(await mountsBelow('/data/volumes/pvc 1', list)).toEqual(['/data/volumes/pvc 1', '/data/volumes/pvc 1/x']);
    expect(await mountsBelow('/data', join(list, 'missing'))).toEqual([]);
  });
});
