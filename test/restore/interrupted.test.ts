import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { summarizeWalFolder } from '../../src/wal/index.ts';
import { makeTemporaryFolder, runCommand, smallDisk, temporaryFolder, type CommandResult } from '../kit/index.ts';

let program = '';
let snapshot: Buffer = Buffer.alloc(0);
beforeAll(async () => {
  snapshot = gunzipSync(await readFile(join(import.meta.dirname, '../vectors/snapshot/after.db.gz')));
  const folder = await makeTemporaryFolder();
  program = join(folder, 'restore-program.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'restore-program.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    packages: 'external',
    outfile: program,
  });
  return () => rm(folder, { recursive: true });
});

function run(...args: readonly string[]): Promise<CommandResult> {
  return runCommand([process.execPath, program, ...args]);
}

describe.each([{ walDir: '' }, { walDir: 'log' }])(
  'a restore that is killed, with its log in "$walDir"',
  ({ walDir }) => {
    it('leaves the target as it was and only a part beside it, whenever it happens; the next one succeeds', async () => {
      const folder = await temporaryFolder();
      const snapshotPath = join(folder, 'snapshot.db');
      await writeFile(snapshotPath, snapshot);
      const dataDir = join(folder, 'data');
      const log = walDir === '' ? '' : join(folder, walDir);
      let kills = 0;
      for (let nth = 1; ; nth++) {
        const { signal, code, stdout } = await run(snapshotPath, dataDir, log, String(nth));
        if (signal === null) {
          expect(code, stdout).toBe(0);
          break;
        }
        kills++;
        const left = (await readdir(folder)).filter((name) => name !== 'snapshot.db');
        expect(left.length).toBeGreaterThan(0);
        for (const name of left) expect(name).toMatch(/^(data|log)\.holdfast-run-\d+\.part$/);
      }
      expect(kills).toBeGreaterThanOrEqual(4);
      const summary = await summarizeWalFolder(walDir === '' ? join(dataDir, 'member', 'wal') : log);
      expect(summary).toMatchObject({ hardState: { commit: 1n }, findings: [] });
    });
  },
);

describe('a restore onto a disk that runs full', () => {
  it('says so, with what to do, and leaves nothing', async () => {
    const disk = await smallDisk({ bytes: 512 * 1024 });
    const snapshotPath = join(await temporaryFolder(), 'snapshot.db');
    await writeFile(snapshotPath, snapshot);
    const argv = [process.execPath, program, snapshotPath, join(disk.folder, 'data'), '', '0'];
    const { code, stdout } = await runCommand(disk.wrap(argv));
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'RESTORE_WRITE_FAILED' });
    expect(stdout).toContain(disk.errorCode);
    expect(await readdir(disk.folder)).toEqual([]);
  });
});
