import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDataDirectory } from './data-directory.ts';
import { restoreMember } from './restore-member.ts';

const VECTOR = join(import.meta.dirname, '../../../test/vectors/snapshot/after.db.gz');
let folder = '';
let dataDir = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-restore-'));
  dataDir = join(folder, 'data');
  await writeFile(join(folder, 'snapshot.db'), gunzipSync(await readFile(VECTOR)));
});
afterEach(() => rm(folder, { recursive: true }));

const restore = (walDir?: string): ReturnType<typeof restoreMember> =>
  restoreMember({ snapshotPath: join(folder, 'snapshot.db'), dataDir, walDir, id: 'test' });

describe('what a data directory says', () => {
  it('is whose it is, its revision, and what its log has beyond the database', async () => {
    const { plan } = await restore();
    expect(await readDataDirectory({ dataDir })).toMatchObject({
      databasePath: join(dataDir, 'member', 'snap', 'db'),
      revision: 825n,
      highestRevision: 825n,
      state: { consistentIndex: 1n, storageVersion: '3.6.0' },
      log: { identity: { memberId: plan.identity.memberId }, requests: 0, confChanges: [], findings: [] },
    });
  });

  it('is found where the log lies elsewhere', async () => {
    const walDir = join(folder, 'log');
    await restore(walDir);
    expect((await readDataDirectory({ dataDir, walDir })).log.findings).toEqual([]);
    await expect(readDataDirectory({ dataDir })).rejects.toMatchObject({ code: 'WAL_MISSING' });
  });

  it('is nothing if there is no database, or something else in its place', async () => {
    await expect(readDataDirectory({ dataDir })).rejects.toMatchObject({ code: 'RESTORE_READ_FAILED' });
    await restore();
    await writeFile(join(dataDir, 'member', 'snap', 'db'), 'no database');
    await expect(readDataDirectory({ dataDir })).rejects.toMatchObject({ code: 'RESTORE_SNAPSHOT_UNUSABLE' });
  });
});
