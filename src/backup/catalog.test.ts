import { mkdir, mkdtemp, readdir, rm, stat, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  encodeManifest,
  filesOf,
  formatBackupFileName,
  MANIFEST_SCHEMA_VERSION,
  parseTimestamp,
  scanRepository,
  type Backup,
  type FileKind,
  type Manifest,
} from './index.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-catalog-'));
});
afterEach(() => rm(folder, { recursive: true }));

const T1 = '2026-11-20_120000';
const T2 = '2026-11-21_120000';
const T3 = '2026-11-22_120000';
const SNAPSHOT = Buffer.alloc(100, 1);
const ARCHIVE = Buffer.alloc(40, 2);

function manifestOf(timestamp: string, changes: Partial<Manifest> = {}): Manifest {
  const sha256 = '0'.repeat(64);
  const dirty = (changes.dirty ?? []).length > 0;
  return {
    schemaVersion: MANIFEST_SCHEMA_VERSION,
    tool: { name: 'holdfast', version: '0.1.0' },
    created: new Date(`${timestamp.slice(0, 10)}T03:00:00Z`),
    timestamp,
    dirty: [],
    cluster: { etcdClusterId: 1n },
    member: { id: 1n, endpoint: 'http://127.0.0.1:2379', role: 'leader' },
    etcd: { version: '3.5.30' },
    snapshot: {
      file: formatBackupFileName('snapshot', timestamp, dirty),
      size: SNAPSHOT.length,
      sha256,
      contentSha256: sha256,
      revision: 1n,
      raftIndex: 1n,
      raftTerm: 1n,
      hash: 1,
      totalKey: 1,
      liveKeys: 1,
      totalSize: 1,
    },
    resources: {
      file: formatBackupFileName('resources', timestamp, dirty),
      size: ARCHIVE.length,
      sha256,
      entries: 1,
      layout: 'kubeadm',
      staticPods: [],
    },
    encryption: { encryptedResources: [], configFiles: [], keysSaved: 'not-needed' },
    verified: { at: new Date('2026-11-22T03:00:01Z'), checks: ['all'] },
    warnings: [],
    ...changes,
  };
}

const pathOf = (kind: FileKind, timestamp: string, { inside = folder, dirty = false } = {}): string =>
  join(inside, formatBackupFileName(kind, timestamp, dirty));

async function writeBackup(
  timestamp: string,
  options: { readonly inside?: string; readonly changes?: Partial<Manifest>; readonly dirty?: boolean } = {},
): Promise<void> {
  const { inside = folder, changes = {}, dirty = false } = options;
  const archiveFolder = changes.resources?.folder ?? inside;
  await writeFile(pathOf('snapshot', timestamp, { inside, dirty }), SNAPSHOT);
  await writeFile(pathOf('resources', timestamp, { inside: archiveFolder, dirty }), ARCHIVE);
  await writeFile(pathOf('manifest', timestamp, { inside, dirty }), encodeManifest(manifestOf(timestamp, changes)));
}

async function list(options: { readonly resourcesDir?: string } = {}): Promise<readonly Backup[]> {
  return (await scanRepository(folder, options)).backups;
}

async function only(): Promise<Backup> {
  const [backup, ...others] = await list();
  expect(others).toEqual([]);
  if (backup === undefined) throw new Error('no backup listed');
  return backup;
}

describe('a repository’s catalog', () => {
  it('lists good backups newest first, with the manifest’s time and the sum of their files', async () => {
    await writeBackup(T1);
    await writeBackup(T2);
    const backups = await list();
    expect(backups.map(({ id, state, problems }) => ({ id, state, problems }))).toEqual([
      { id: T2, state: 'good', problems: [] },
      { id: T1, state: 'good', problems: [] },
    ]);
    const manifest = await stat(pathOf('manifest', T2));
    expect(backups[0]).toMatchObject({
      folder,
      timestamp: T2,
      created: new Date('2026-11-21T03:00:00Z'),
      bytes: SNAPSHOT.length + ARCHIVE.length + manifest.size,
    });
  });

  it('finds the backups of direct sub-folders, and no deeper', async () => {
    const inside = join(folder, `backup-nightly-${T1}`);
    await mkdir(join(inside, 'deeper'), { recursive: true });
    await writeBackup(T1, { inside });
    await writeBackup(T2, { inside: join(inside, 'deeper') });
    const backup = await only();
    expect(backup).toMatchObject({
      id: `backup-nightly-${T1}/${T1}`,
      subfolder: `backup-nightly-${T1}`,
      state: 'good',
    });
  });

  it('tells a forced backup from one that was not, even in the same second', async () => {
    await writeBackup(T1);
    await writeBackup(T1, { dirty: true, changes: { dirty: ['etcd is rolling out'] } });
    expect((await list()).map(({ id, state, problems }) => ({ id, state, problems }))).toEqual([
      { id: `${T1}__POSSIBLY_DIRTY__`, state: 'dirty', problems: ['it was forced: etcd is rolling out'] },
      { id: T1, state: 'good', problems: [] },
    ]);
  });

  it('takes a pair without a manifest for cluster-backup.sh’s, dated by its name', async () => {
    await writeFile(pathOf('snapshot', T1), SNAPSHOT);
    await writeFile(pathOf('resources', T1), ARCHIVE);
    const backup = await only();
    expect(backup).toMatchObject({ state: 'foreign', problems: ['it has no manifest: another tool made it'] });
    expect(backup.created).toEqual(parseTimestamp(T1));
  });

  it('passes over everything of another name, and what is not a regular file', async () => {
    await writeBackup(T1);
    await mkdir(join(folder, 'lost+found'));
    await mkdir(pathOf('snapshot', T3));
    await writeFile(join(folder, 'notes.txt'), 'x');
    await writeFile(join(folder, `snapshot_${T2}.db.bak`), 'x');
    await symlink('/etc/passwd', pathOf('snapshot', T2));
    expect(await only()).toMatchObject({ id: T1, state: 'good' });
  });

  it('refuses a folder that is not there, and names it', async () => {
    await expect(scanRepository(join(folder, 'none'))).rejects.toMatchObject({
      code: 'STORE_NOT_FOUND',
      subject: join(folder, 'none'),
    });
  });

  it('lists a thousand backups in a moment, though the machine be busy', async () => {
    const start = Date.UTC(2026, 0, 1);
    for (let index = 0; index < 1000; index++) {
      const digits = new Date(start + index * 1000).toISOString();
      await writeBackup(`${digits.slice(0, 10)}_${digits.slice(11, 19).replaceAll(':', '')}`);
    }
    const before = performance.now();
    expect((await list()).filter(({ state }) => state === 'good')).toHaveLength(1000);
    expect(performance.now() - before).toBeLessThan(5000);
  }, 20_000);
});

describe('a backup that is not as its manifest says', () => {
  beforeEach(() => writeBackup(T1));

  it('is unverified when a file has another size', async () => {
    await truncate(pathOf('snapshot', T1), 99);
    expect(await only()).toMatchObject({
      state: 'unverified',
      problems: ['its snapshot: 99 bytes (99 B), 100 bytes when it was made'],
    });
  });

  it('is unverified when its archive is gone, incomplete when its snapshot is', async () => {
    await unlink(pathOf('resources', T1));
    expect(await only()).toMatchObject({ state: 'unverified', problems: ['its static pod resources are missing'] });
    await unlink(pathOf('snapshot', T1));
    expect(await only()).toMatchObject({ state: 'incomplete' });
  });

  it('is unverified when the manifest is damaged, which does not break the listing', async () => {
    await writeBackup(T2);
    await writeFile(pathOf('manifest', T1), '{"schemaVersion":');
    expect((await list()).map(({ state }) => state)).toEqual(['good', 'unverified']);
  });

  it('is unverified when the manifest was never verified, or is another backup’s', async () => {
    const { verified: _never, ...unverified } = manifestOf(T1);
    expect(_never).toBeDefined();
    await writeFile(pathOf('manifest', T1), encodeManifest(unverified));
    expect(await only()).toMatchObject({ state: 'unverified', problems: ['it was never verified'] });
    await writeFile(pathOf('manifest', T1), encodeManifest(manifestOf(T2)));
    const backup = await only();
    expect(backup.state).toBe('unverified');
    expect(backup.problems[0]).toBe(`its manifest is that of ${T2}`);
  });

  it('is unverified when its manifest says that it was forced and its name does not', async () => {
    const changed = manifestOf(T1);
    await writeFile(pathOf('manifest', T1), encodeManifest({ ...changed, dirty: ['etcd is rolling out'] }));
    expect(await only()).toMatchObject({
      state: 'unverified',
      problems: ['its manifest says it was forced, its name says not'],
    });
  });
});

describe('an incomplete backup', () => {
  it('is a lone archive or a lone manifest; a lone snapshot can be restored, so it is a foreign backup', async () => {
    await writeFile(pathOf('resources', T1), ARCHIVE);
    await writeFile(pathOf('snapshot', T2), SNAPSHOT);
    await writeFile(pathOf('manifest', T3), encodeManifest(manifestOf(T3)));
    expect((await list()).map(({ id, state, problems }) => [id, state, problems])).toEqual([
      [T3, 'incomplete', ['its snapshot is missing', 'its static pod resources are missing']],
      [T2, 'foreign', ['it has no manifest: another tool made it', 'it has no static pod resources']],
      [T1, 'incomplete', ['it has no manifest, and no snapshot']],
    ]);
  });

  it('is what a run has not finished', async () => {
    await writeFile(`${pathOf('snapshot', T1)}.part`, SNAPSHOT);
    expect(await only()).toMatchObject({ state: 'incomplete', files: [{ kind: 'part' }] });
    await writeFile(`${pathOf('manifest', T1)}.part`, encodeManifest(manifestOf(T1)));
    expect((await only()).problems).toEqual(['it is being published, or that was interrupted; the next run ends it']);
  });
});

describe('static pod resources in a folder of their own', () => {
  let keys = '';
  beforeEach(async () => {
    keys = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
  });
  afterEach(() => rm(keys, { recursive: true }));

  it('are found where the manifest says', async () => {
    const base = manifestOf(T1).resources;
    if (base === undefined) throw new Error('no resources');
    await writeBackup(T1, { changes: { resources: { ...base, folder: keys } } });
    const backup = await only();
    expect(backup.state).toBe('good');
    expect(filesOf(backup)).toEqual([
      pathOf('snapshot', T1),
      pathOf('resources', T1, { inside: keys }),
      pathOf('manifest', T1),
    ]);
  });

  it('are found in the folder given when they are not where they were, and for pairs without a manifest', async () => {
    const base = manifestOf(T1).resources;
    if (base === undefined) throw new Error('no resources');
    await writeFile(pathOf('snapshot', T1), SNAPSHOT);
    await writeFile(pathOf('resources', T1, { inside: keys }), ARCHIVE);
    expect((await list({ resourcesDir: keys }))[0]).toMatchObject({ state: 'foreign' });
    const moved = manifestOf(T1, { resources: { ...base, folder: '/nonexistent/keys' } });
    await writeFile(pathOf('manifest', T1), encodeManifest(moved));
    expect((await list({ resourcesDir: keys }))[0]).toMatchObject({ state: 'good' });
    expect((await list())[0]).toMatchObject({
      state: 'unverified',
      problems: ['its static pod resources are missing from /nonexistent/keys'],
    });
  });

  it('of another repository are not a snapshot’s that was taken alone', async () => {
    await writeBackup(T1);
    await unlink(pathOf('resources', T1));
    const { resources: _none, ...alone } = manifestOf(T1);
    expect(_none).toBeDefined();
    await writeFile(pathOf('manifest', T1), encodeManifest(alone));
    await writeFile(pathOf('resources', T1, { inside: keys }), ARCHIVE);
    const [backup] = await list({ resourcesDir: keys });
    expect(backup?.state).toBe('good');
    expect(backup?.files.map(({ kind }) => kind)).toEqual(['snapshot', 'manifest']);
  });
});

it('removing a backup removes its files and no others, the snapshot first and the manifest last', async () => {
  await writeBackup(T1);
  await writeBackup(T2);
  await writeFile(`${pathOf('snapshot', T1)}.part`, 'left');
  await writeFile(join(folder, 'notes.txt'), 'x');
  const [, older] = await list();
  if (older === undefined) throw new Error('two backups expected');
  const files = filesOf(older);
  expect(files[0]).toBe(pathOf('snapshot', T1));
  expect(files.at(-1)).toBe(pathOf('manifest', T1));
  for (const path of files) await unlink(path);
  expect((await readdir(folder)).sort()).toEqual(
    [
      ...['snapshot', 'resources', 'manifest'].map((kind) => formatBackupFileName(kind as FileKind, T2, false)),
      'notes.txt',
    ].sort(),
  );
});
