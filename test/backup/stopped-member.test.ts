import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { etcdReleases, fill, holdfast, judge, startCluster, temporaryFolder } from '../kit/index.ts';

describe.each(etcdReleases())('a backup from the data directory of a stopped etcd $version', (release) => {
  it('is a snapshot that etcd’s own tools take, with everything the database had', async () => {
    await using cluster = await startCluster({ release });
    const { liveKeys } = await fill(cluster, { keys: 500 });
    const [member] = cluster.members;
    const dataDir = member?.dataDir ?? '';
    const folder = await temporaryFolder();
    const flags = ['--snapshot-only', '--host-root', folder, '--from-data-dir', dataDir];
    const live = await holdfast('backup', folder, ...flags);
    expect(live, live.stderr).toMatchObject({ code: 3 });
    expect(live.stderr).toContain('BACKUP_MEMBER_RUNNING');
    await member?.stop();

    const run = await holdfast('backup', folder, ...flags, '-o', 'json');
    expect(run, run.stderr).toMatchObject({ code: 0 });
    const report = JSON.parse(run.stdout) as { readonly liveKeys: number; readonly hash: number };
    expect(report.liveKeys).toBe(liveKeys);
    const snapshot = join(folder, (await readdir(folder)).find((name) => name.startsWith('snapshot_')) ?? '');
    const theirs = JSON.parse(await judge(release, 'snapshot', 'status', snapshot, '-w', 'json')) as { hash: number };
    expect(theirs.hash).toBe(report.hash);
    await judge(release, 'snapshot', 'restore', snapshot, '--data-dir', join(folder, 'restored'));
    expect((await holdfast('verify', folder)).code).toBe(0);
  });
});

it('a folder that is no data directory is refused by name', async () => {
  const folder = await temporaryFolder();
  const run = await holdfast('backup', folder, '--snapshot-only', '--host-root', folder, '--from-data-dir', folder);
  expect(run.code).not.toBe(0);
  expect(run.stderr).toContain(join(folder, 'member/snap/db'));
  expect(await readdir(folder)).toEqual([]);
});
