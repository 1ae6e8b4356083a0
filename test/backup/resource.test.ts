import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJobReport, type JobReport } from '../../src/crd/index.ts';
import type { CommandResult, ControlPlane } from '../kit/index.ts';
import { holdfast, interrupted, startControlPlane, temporaryFolder, waitFor } from '../kit/index.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

interface JobRun extends CommandResult {
  readonly report: JobReport | undefined;
}

/** What a backup Job runs. */
async function job(folder: string, name: string, ...flags: readonly string[]): Promise<JobRun> {
  const reportFile = join(await temporaryFolder(), 'termination-log');
  await writeFile(reportFile, '');
  const run = await plane.backup(folder, ['--name', name, '--report-file', reportFile, ...flags]);
  return { ...run, report: parseJobReport(await readFile(reportFile, 'utf8')) };
}

const subfolders = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith('backup-')).sort();

describe('the backup of a custom resource', () => {
  it('lies in a folder of its own, and its report says what stands there', async () => {
    const folder = await temporaryFolder();
    const run = await job(folder, 'etcd-single-backup', '--uid', 'u-1');
    expect(run.code, run.stderr).toBe(0);
    const [subfolder = ''] = await subfolders(folder);
    expect(subfolder).toMatch(/^backup-etcd-single-backup-\d{4}-\d{2}-\d{2}_\d{6}$/);
    const timestamp = subfolder.slice(-17);
    expect((await readdir(join(folder, subfolder))).sort()).toEqual([
      `backup_${timestamp}.json`,
      `snapshot_${timestamp}.db`,
      `static_kuberesources_${timestamp}.tar.gz`,
    ]);
    expect(run.report).toMatchObject({
      outcome: 'succeeded',
      folder: subfolder,
      id: `${subfolder}/${timestamp}`,
      forced: false,
    });
    expect(JSON.parse(await readFile(join(folder, subfolder, `backup_${timestamp}.json`), 'utf8'))).toMatchObject({
      schemaVersion: '1.2',
      resource: { name: 'etcd-single-backup', uid: 'u-1' },
    });
  });

  it('is taken once, however often its Job is started', async () => {
    const folder = await temporaryFolder();
    const first = await job(folder, 'once', '--uid', 'u-2');
    const second = await job(folder, 'once', '--uid', 'u-2');
    expect(second.code, second.stderr).toBe(0);
    expect(await subfolders(folder)).toHaveLength(1);
    const same = { outcome: 'succeeded', id: first.report?.outcome === 'succeeded' ? first.report.id : 'none' };
    expect(second.report).toMatchObject(same);
    // Another resource of the same name is another request.
    await job(folder, 'once', '--uid', 'u-3');
    expect(await subfolders(folder)).toHaveLength(2);
  });

  it('is taken again where the first one has been damaged since', async () => {
    const folder = await temporaryFolder();
    await job(folder, 'hurt', '--uid', 'u-4');
    const [subfolder = ''] = await subfolders(folder);
    const snapshot = join(folder, subfolder, `snapshot_${subfolder.slice(-17)}.db`);
    const bytes = await readFile(snapshot);
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000);
    await writeFile(snapshot, bytes);
    const run = await job(folder, 'hurt', '--uid', 'u-4');
    expect(run.code, run.stderr).toBe(0);
    expect(await subfolders(folder)).toHaveLength(2);
  });

  it('leaves no folder where it fails, and its report says why', async () => {
    const folder = await temporaryFolder();
    const run = await job(folder, 'bad', '--endpoints', 'https://127.0.0.1:1', '--snapshot-only');
    expect(run.code).toBe(4);
    expect(run.report).toMatchObject({ outcome: 'failed', code: expect.stringMatching(/^ETCD_/) as string });
    expect(await subfolders(folder)).toEqual([]);
  });

  it('leaves no folder after a kill, once the next run has looked', async () => {
    const folder = await temporaryFolder();
    const writing = () =>
      waitFor(async () => {
        const [subfolder] = await subfolders(folder);
        return subfolder !== undefined && (await readdir(join(folder, subfolder))).length > 0;
      });
    await interrupted(plane.backupCommand(folder, '--name', 'killed'), 'SIGKILL', writing);
    const run = await job(folder, 'next');
    expect(run.code, run.stderr).toBe(0);
    expect((await subfolders(folder)).filter((name) => name.startsWith('backup-next-'))).toHaveLength(1);
    const left = (await subfolders(folder)).filter((name) => name.startsWith('backup-killed-'));
    // Killed after its commit, it was finished instead.
    for (const each of left) expect((await readdir(join(folder, each))).sort()[0]).toMatch(/^backup_.*\.json$/);
  });

  it('of a name longer than a file may have gets a shorter one', async () => {
    const folder = await temporaryFolder();
    const run = await job(folder, 'a'.repeat(253));
    expect(run.code, run.stderr).toBe(0);
    expect(await subfolders(folder)).toHaveLength(1);
  });
});

describe('the retention of a recurring Backup', () => {
  it('counts its own backups alone, exactly', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'lost+found'));
    await plane.backup(folder);
    for (const round of ['1', '2', '3']) {
      await job(folder, `a-${round}`, '--series', 'a', '--retain-number', '2');
      const run = await job(folder, `b-${round}`, '--series', 'b', '--retain-number', '1');
      expect(run.report).toMatchObject({ kept: { backups: 1, failed: 0 } });
    }
    await job(folder, 'single');
    const names = (await subfolders(folder)).map((name) => name.replace(/-\d{4}-\d{2}-\d{2}_\d{6}$/, ''));
    expect(names.filter((name) => /^backup-(a|b|single)/.test(name))).toEqual([
      'backup-a-2',
      'backup-a-3',
      'backup-b-3',
      'backup-single',
    ]);
    expect((await readdir(folder)).filter((name) => name.startsWith('snapshot_'))).toHaveLength(1);
    expect(await readdir(folder)).toContain('lost+found');
  });

  it('can be applied by hand, for one series', async () => {
    const folder = await temporaryFolder();
    for (const round of ['1', '2']) {
      await job(folder, `a-${round}`, '--series', 'a');
      await job(folder, `b-${round}`, '--series', 'b');
    }
    const run = await holdfast('prune', folder, '--series', 'a', '--retain-number', '1', '-o', 'json');
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ kept: [{ id: expect.stringContaining('backup-a-2') as string }] });
    expect(await subfolders(folder)).toHaveLength(3);
  });
});
