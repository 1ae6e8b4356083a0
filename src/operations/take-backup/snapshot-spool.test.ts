import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentProgress } from '../../base/index.ts';
import { createPartFile, SnapshotSpool } from './snapshot-spool.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-spool-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function spool(chunks: readonly Uint8Array[]): ReturnType<SnapshotSpool['finish']> {
  const file = await createPartFile(join(folder, 'snapshot.db'));
  const target = new SnapshotSpool(file, silentProgress.begin('x'));
  for (const chunk of chunks) await target.take(chunk);
  const report = await target.finish();
  await file.publish();
  return report;
}

function pieces(bytes: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

describe('a stream on its way to the disk', () => {
  const content = randomBytes(3 * 1024 * 1024 + 512);
  const whole = Buffer.concat([content, createHash('sha256').update(content).digest()]);

  it.each([32 * 1024, 1024 * 1024, 31, 65_537])(
    'in chunks of %d bytes arrives whole and equals its checksum',
    async (size) => {
      const report = await spool(
        pieces(
          size < 100
            ? Buffer.concat([
                content.subarray(0, 512 * 20),
                createHash('sha256')
                  .update(content.subarray(0, 512 * 20))
                  .digest(),
              ])
            : whole,
          size,
        ),
      );
      expect(report.state).toBe('good');
      const written = await readFile(join(folder, 'snapshot.db'));
      expect(createHash('sha256').update(written).digest('hex')).toBe(report.sha256);
      expect(written.length).toBe(report.size);
    },
  );

  it('that was damaged on its way is told from its checksum', async () => {
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(1000) ^ 1, 1000);
    expect((await spool(pieces(damaged, 32 * 1024))).state).toBe('mismatch');
  });

  it('meets a disk that refuses as a storage error that names the file', async () => {
    const file = await createPartFile(join(folder, 'snapshot.db'));
    const target = new SnapshotSpool(file, silentProgress.begin('x'));
    await file.handle.close();
    await expect(
      (async () => {
        for (const chunk of pieces(whole, 64 * 1024)) await target.take(chunk);
        await target.finish();
      })(),
    ).rejects.toThrow();
  });
});
