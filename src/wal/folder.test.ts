import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createRaftSnapshot,
  createWal,
  listRaftSnapshots,
  openWal,
  SEGMENT_BYTES,
  summarizeWalFolder,
} from './folder.ts';
import type { RecordBody } from './record.ts';

const metadata: RecordBody = { kind: 'metadata', identity: { memberId: 0xa1n, clusterId: 0xc1n } };
const confState = { voters: [0xa1n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-wal-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a log on disk', () => {
  it('is one private segment of 64 MB that can be read again', async () => {
    await createWal(folder, [metadata, { kind: 'state', state: { term: 1n, vote: 0xa1n, commit: 0n } }]);
    const [name = ''] = await readdir(folder);
    const { size, mode } = await stat(join(folder, name));
    expect({ name, size, mode: mode & 0o777 }).toEqual({
      name: '0000000000000000-0000000000000000.wal',
      size: SEGMENT_BYTES,
      mode: 0o600,
    });
    expect(await summarizeWalFolder(folder)).toMatchObject({ identity: { memberId: 0xa1n }, hardState: { term: 1n } });
  });

  it('is not written over another', async () => {
    await createWal(folder, [metadata]);
    await expect(createWal(folder, [metadata])).rejects.toMatchObject({ code: 'WAL_EXISTS' });
  });

  it('begins with its metadata', async () => {
    await expect(createWal(folder, [])).rejects.toThrow(TypeError);
  });

  it('is missing where a folder holds none, or is none', async () => {
    await writeFile(join(folder, '0.tmp'), '');
    await expect(openWal(folder)).rejects.toMatchObject({ code: 'WAL_MISSING', subject: folder });
    await expect(openWal(join(folder, 'none'))).rejects.toMatchObject({ code: 'WAL_MISSING' });
    await expect(openWal(join(folder, '0.tmp'))).rejects.toMatchObject({ code: 'WAL_READ_FAILED' });
  });

  it('cannot be written where there is no folder', async () => {
    await expect(createWal(join(folder, 'none'), [metadata])).rejects.toMatchObject({ code: 'WAL_WRITE_FAILED' });
  });
});

describe('the raft snapshots on disk', () => {
  it('are listed newest first, without other files', async () => {
    await createRaftSnapshot(folder, { term: 1n, index: 9n, confState, data: Buffer.from('{}') });
    await createRaftSnapshot(folder, { term: 2n, index: 3n, confState, data: Buffer.from('{}') });
    await writeFile(join(folder, 'db'), '');
    expect((await listRaftSnapshots(folder)).map(({ term, index }) => [term, index])).toEqual([
      [2n, 3n],
      [1n, 9n],
    ]);
  });
});
