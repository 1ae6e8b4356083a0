import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../kit/index.ts';
import { holdfast, SeededRandom, startControlPlane, temporaryFolder } from '../kit/index.ts';

let plane: ControlPlane;
let good: string;
beforeAll(async () => {
  plane = await startControlPlane();
  good = plane.place('good');
  expect((await plane.backup(good)).code).toBe(0);
});
afterAll(() => plane.stop());

/** A copy of the good backup with one of its files changed. */
async function damagedCopy(kind: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of await readdir(good)) {
    if (name.startsWith(kind)) await writeFile(join(folder, name), change(await readFile(join(good, name))));
    else await copyFile(join(good, name), join(folder, name));
  }
  return folder;
}

describe.each(['snapshot_', 'static_kuberesources_', 'backup_'])('a backup whose %s file', (kind) => {
  it('has one bit flipped anywhere is never called good', async () => {
    const random = new SeededRandom(kind.length);
    for (let round = 0; round < 12; round++) {
      let at = 0;
      const folder = await damagedCopy(kind, (bytes) => {
        at = random.below(bytes.length);
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.below(8)), at);
        return bytes;
      });
      const { code, stdout, stderr } = await holdfast('verify', folder);
      expect(code, `byte ${at}: ${stdout}${stderr}`).toBe(5);
    }
  });

  it('is cut short anywhere is never called good', async () => {
    const random = new SeededRandom(kind.length + 100);
    for (let round = 0; round < 6; round++) {
      let length = 0;
      const folder = await damagedCopy(kind, (bytes) => {
        length = random.below(bytes.length);
        return bytes.subarray(0, length);
      });
      const { code, stdout, stderr } = await holdfast('verify', folder);
      expect(code, `${length} bytes: ${stdout}${stderr}`).toBe(5);
    }
  });
});

it('a snapshot alone and a stopped member’s own database can be verified too', async () => {
  const folder = await temporaryFolder();
  const [snapshot = ''] = (await readdir(good)).filter((name) => name.startsWith('snapshot_'));
  await copyFile(join(good, snapshot), join(folder, 'mine.db'));
  expect((await holdfast('verify', join(folder, 'mine.db'))).stdout).toContain('SHA-256 matches');
  const bytes = await readFile(join(good, snapshot));
  await mkdir(join(folder, 'member', 'snap'), { recursive: true });
  const raw = join(folder, 'member', 'snap', 'db');
  await writeFile(raw, bytes.subarray(0, -32));
  const run = await holdfast('verify', raw);
  expect(run.code, run.stdout).toBe(0);
  expect(run.stdout).toContain('no SHA-256 (a raw copy)');
});

it('what is no backup at all is refused by name', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'note.txt'), 'not a database');
  expect((await holdfast('verify', folder)).code).toBe(2);
  expect((await holdfast('verify', join(folder, 'nothing'))).stderr).toContain('names no snapshot');
  expect((await holdfast('verify', join(folder, 'note.txt'))).code).toBe(5);
  expect((await holdfast('status', join(folder, 'note.txt'))).code).toBe(5);
});
