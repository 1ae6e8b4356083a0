import { copyFile, mkdir, readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../kit/index.ts';
import { holdfast, runCommand, startControlPlane, temporaryFolder } from '../kit/index.ts';

let plane: ControlPlane;
/** One good backup, to be copied under other times. */
let model: { readonly folder: string; readonly timestamp: string };
beforeAll(async () => {
  plane = await startControlPlane();
  const folder = plane.place('model');
  expect((await plane.backup(folder)).code).toBe(0);
  const snapshot = (await readdir(folder)).find((name) => name.startsWith('snapshot_')) ?? '';
  model = { folder, timestamp: snapshot.slice('snapshot_'.length, -'.db'.length) };
});
afterAll(() => plane.stop());

/** A pair of files as cluster-backup.sh leaves it: no manifest. */
async function foreignBackup(folder: string, timestamp: string): Promise<void> {
  await copyFile(join(model.folder, `snapshot_${model.timestamp}.db`), join(folder, `snapshot_${timestamp}.db`));
  const archive = `static_kuberesources_${model.timestamp}.tar.gz`;
  await copyFile(join(model.folder, archive), join(folder, `static_kuberesources_${timestamp}.tar.gz`));
}

/** What no tool of backups wrote. */
async function bystanders(folder: string): Promise<readonly string[]> {
  await mkdir(join(folder, 'lost+found'));
  await mkdir(join(folder, 'velero'));
  await writeFile(join(folder, 'velero', 'backup.tgz'), 'x');
  const notes = [
    'notes.txt',
    'snapshot_2020-01-01.db',
    'snapshot_2020-01-01_000000.db.bak',
    'static_kuberesources_old.tar.gz',
    'backup_today.json',
  ];
  for (const name of notes) await writeFile(join(folder, name), 'x');
  return ['lost+found', 'velero', ...notes];
}

describe('pruning a folder with the files of other tools', () => {
  it('removes exactly the backups that are too many, and touches nothing else', async () => {
    const folder = await temporaryFolder();
    const others = await bystanders(folder);
    for (const day of ['01', '02', '03', '04']) await foreignBackup(folder, `2026-01-${day}_040000`);
    const dry = await holdfast('prune', folder, '--retain-number', '2', '--dry-run');
    expect(dry.code, dry.stderr).toBe(0);
    expect(await readdir(folder)).toHaveLength(others.length + 8);
    const run = await holdfast('prune', folder, '--retain-number', '2', '-o', 'json');
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      kept: [{ id: '2026-01-04_040000' }, { id: '2026-01-03_040000' }],
      removed: [{ id: '2026-01-02_040000' }, { id: '2026-01-01_040000' }],
      failed: [],
    });
    const expected = ['03', '04'].flatMap((day) => [
      `snapshot_2026-01-${day}_040000.db`,
      `static_kuberesources_2026-01-${day}_040000.tar.gz`,
    ]);
    expect((await readdir(folder)).sort()).toEqual([...others, ...expected].sort());
  });

  it('removes the emptied sub-folder of a backup, and keeps one that holds something else', async () => {
    const folder = await temporaryFolder();
    for (const day of ['01', '02', '03']) {
      const sub = join(folder, `backup-etcd-single-backup-2026-01-${day}_040000`);
      await mkdir(sub);
      await foreignBackup(sub, `2026-01-${day}_040000`);
    }
    await writeFile(join(folder, 'backup-etcd-single-backup-2026-01-01_040000', 'notes.txt'), 'x');
    expect((await holdfast('prune', folder, '--retain-number', '1')).code).toBe(0);
    expect((await readdir(folder)).sort()).toEqual([
      'backup-etcd-single-backup-2026-01-01_040000',
      'backup-etcd-single-backup-2026-01-03_040000',
    ]);
    expect(await readdir(join(folder, 'backup-etcd-single-backup-2026-01-01_040000'))).toEqual(['notes.txt']);
  });

  it('never lets a damaged backup displace a good one, foreign or not', async () => {
    const folder = await temporaryFolder();
    for (const day of ['01', '02', '03']) await foreignBackup(folder, `2026-01-${day}_040000`);
    const damaged = join(folder, 'snapshot_2026-01-03_040000.db');
    const bytes = await readFile(damaged);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    await writeFile(damaged, bytes);
    const run = await holdfast('prune', folder, '--retain-number', '1', '-o', 'json');
    expect(JSON.parse(run.stdout)).toMatchObject({ removed: [{ id: '2026-01-01_040000' }] });
    expect(await readdir(folder)).toContain('snapshot_2026-01-02_040000.db');
  });

  it('reads the newest one back before it removes any, whatever its manifest says', async () => {
    const folder = await temporaryFolder();
    await plane.backup(folder);
    await plane.backup(folder);
    const newest =
      (await readdir(folder))
        .filter((name) => name.startsWith('snapshot_'))
        .sort()
        .at(-1) ?? '';
    const bytes = await readFile(join(folder, newest));
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(join(folder, newest), bytes);
    const run = await holdfast('prune', folder, '--retain-number', '1');
    expect(run.code, run.stderr).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith('snapshot_'))).toHaveLength(2);
  });

  it('removes nothing where no good backup stands', async () => {
    const folder = await temporaryFolder();
    for (const day of ['01', '02']) {
      await foreignBackup(folder, `2026-01-${day}_040000`);
      await truncate(join(folder, `snapshot_2026-01-${day}_040000.db`), 10_000);
    }
    const run = await holdfast('prune', folder, '--retain-number', '1');
    expect(run.code).toBe(0);
    expect(await readdir(folder)).toHaveLength(4);
  });

  it('goes on after a backup that cannot be removed, and reports it', async () => {
    const folder = await temporaryFolder();
    for (const day of ['01', '02', '03']) {
      const sub = join(folder, `backup-x-2026-01-${day}_040000`);
      await mkdir(sub);
      await foreignBackup(sub, `2026-01-${day}_040000`);
    }
    const stuck = join(folder, 'backup-x-2026-01-01_040000');
    await withImmutable(stuck, async () => {
      const run = await holdfast('prune', folder, '--retain-number', '1', '-o', 'json');
      expect(run.code).toBe(9);
      expect(JSON.parse(run.stdout)).toMatchObject({
        removed: [{ id: 'backup-x-2026-01-02_040000/2026-01-02_040000' }],
        failed: [{ id: 'backup-x-2026-01-01_040000/2026-01-01_040000' }],
      });
    });
  });
});

/**
 * Makes the removal of a folder's files fail. Root may do anything that modes forbid, so the folder becomes a file
 * system of its own that is read-only; others get by with the mode.
 */
async function withImmutable(folder: string, work: () => Promise<void>): Promise<void> {
  const moved = join(await temporaryFolder(), 'moved');
  await rename(folder, moved);
  await mkdir(folder);
  const mounted =
    (await runCommand(['sh', '-c', 'mount --bind "$1" "$2" && mount -o remount,ro,bind "$2"', 'sh', moved, folder]))
      .code === 0;
  if (!mounted) {
    await runCommand(['sh', '-c', 'rmdir "$2" && mv "$1" "$2" && chmod 500 "$2"', 'sh', moved, folder]);
  }
  try {
    await work();
  } finally {
    if (mounted) await runCommand(['umount', folder]);
    else await runCommand(['chmod', '700', folder]);
  }
}

describe('the retention of a backup run', () => {
  it('by number leaves exactly as many as asked for after each run: never one too many', async () => {
    const folder = await temporaryFolder();
    for (let run = 1; run <= 4; run++) {
      expect((await plane.backup(folder, ['--retain-number', '2'])).code).toBe(0);
      const snapshots = (await readdir(folder)).filter((name) => name.startsWith('snapshot_'));
      expect(snapshots).toHaveLength(Math.min(run, 2));
    }
  });

  it('by size leaves no byte more than asked for, but never fewer than one backup', async () => {
    const folder = await temporaryFolder();
    expect((await plane.backup(folder)).code).toBe(0);
    const one = await bytesIn(folder);
    const gigabytes = ((one * 2.5) / 2 ** 30).toFixed(9);
    for (let run = 0; run < 3; run++) {
      expect((await plane.backup(folder, ['--retain-size-gb', gigabytes])).code).toBe(0);
      expect(await bytesIn(folder)).toBeLessThanOrEqual(one * 2.5);
    }
    expect((await plane.backup(folder, ['--retain-size-gb', '0.0000001'])).code).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith('snapshot_'))).toHaveLength(1);
  });

  it('never lets snapshots alone crowd out the newest backup that holds the static pods too', async () => {
    const folder = await temporaryFolder();
    await plane.backup(folder);
    for (let run = 0; run < 2; run++) {
      expect((await plane.backup(folder, ['--snapshot-only', '--retain-number', '1'])).code).toBe(0);
    }
    const names = await readdir(folder);
    expect(names.filter((name) => name.startsWith('snapshot_'))).toHaveLength(2);
    expect(names.filter((name) => name.startsWith('static_kuberesources_'))).toHaveLength(1);
  });

  it('removes nothing when the run fails', async () => {
    const folder = await temporaryFolder();
    await plane.backup(folder);
    await plane.backup(folder);
    const before = await readdir(folder);
    const failed = await plane.backup(folder, [
      '--retain-number',
      '1',
      '--endpoints',
      'https://127.0.0.1:1',
      '--idle-timeout',
      '1s',
    ]);
    expect(failed.code).toBe(4);
    expect(await readdir(folder)).toEqual(before);
  });
});

async function bytesIn(folder: string): Promise<number> {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('the listing', () => {
  it('shows what other tools made, and says what is wrong with what is not whole', async () => {
    const folder = await temporaryFolder();
    await plane.backup(folder);
    await foreignBackup(folder, '2026-01-02_040000');
    await copyFile(
      join(model.folder, `static_kuberesources_${model.timestamp}.tar.gz`),
      join(folder, 'static_kuberesources_2026-01-01_040000.tar.gz'),
    );
    const json = await holdfast('list', folder, '-o', 'json');
    const { backups } = JSON.parse(json.stdout) as { backups: { id: string; state: string }[] };
    expect(backups.map(({ state }) => state)).toEqual(['good', 'foreign', 'incomplete']);
    const table = await holdfast('list', folder);
    expect(table.stdout).toContain('2026-01-01_040000: it has no manifest, and no snapshot');
    const yaml = await holdfast('list', folder, '-o', 'yaml');
    expect(yaml.stdout).toContain(`folder: ${folder}`);
    expect(basename(folder)).not.toBe('');
  });
});
