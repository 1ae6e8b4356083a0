import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openForReading, type Progress } from '../../base/index.ts';
import { summarizeWalFolder } from '../../wal/index.ts';
import { inspectSnapshot } from '../inspect.ts';
import { planRestore } from './plan-restore.ts';
import { restoreMember, type RestoredMember, type RestoreMemberOptions } from './restore-member.ts';

/** A snapshot of a real etcd 3.6; see the README beside it. */
const VECTOR = join(import.meta.dirname, '../../../test/vectors/snapshot/after.db.gz');

let folder = '';
let snapshotPath = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-restore-'));
  snapshotPath = join(folder, 'snapshot.db');
  await writeFile(snapshotPath, gunzipSync(await readFile(VECTOR)));
});
afterEach(() => rm(folder, { recursive: true }));

const restore = (options: Partial<RestoreMemberOptions> = {}): Promise<RestoredMember> =>
  restoreMember({ snapshotPath, dataDir: join(folder, 'data'), id: 'run-1', ...options });

const FILES = [
  'member',
  'member/snap',
  'member/snap/0000000000000001-0000000000000001.snap',
  'member/snap/db',
  'member/wal',
  'member/wal/0000000000000000-0000000000000000.wal',
];

async function filesBelow(path: string): Promise<readonly string[]> {
  return (await readdir(path, { recursive: true })).sort();
}

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

describe('a restored data directory', () => {
  it('holds the database without its SHA-256, the log and the raft snapshot, and nothing else is left', async () => {
    const before = await digest(snapshotPath);
    const { dataDir, walDir, plan } = await restore();
    expect(await filesBelow(dataDir)).toEqual(FILES);
    expect((await readdir(folder)).sort()).toEqual(['data', 'snapshot.db']);
    expect(plan).toMatchObject({ source: '3.6', target: '3.6', snapshotRevision: 825n, revision: 825n });
    expect(await digest(snapshotPath)).toBe(before);
    expect(await summarizeWalFolder(walDir)).toMatchObject({
      identity: { memberId: plan.identity.memberId, clusterId: plan.identity.clusterId },
      hardState: { term: 1n, commit: 1n },
      findings: [],
    });
  });

  it('has a sound database that says what the new cluster is', async () => {
    const { dataDir, plan } = await restore({ bumpRevision: 1000n });
    const file = openForReading(join(dataDir, 'member', 'snap', 'db'));
    const { findings, walk } = inspectSnapshot(file);
    file.close();
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(findings.map(({ code }) => code)).toContain('SNAPSHOT_REVISION_BUMP');
    expect(walk?.state).toMatchObject({
      consistentIndex: 1n,
      term: 1n,
      scheduledCompaction: 1825n,
      confState: { voters: [plan.identity.memberId], learners: [] },
      storageVersion: '3.6.0',
      members: [{ id: plan.identity.memberId, name: 'default', peerUrls: ['http://localhost:2380'] }],
    });
  });

  it('can be planned without being made', async () => {
    const file = openForReading(snapshotPath);
    expect(planRestore(file, { bumpRevision: 5n })).toMatchObject({ snapshotRevision: 825n, revision: 830n });
    file.close();
    expect(await readdir(folder)).toEqual(['snapshot.db']);
  });

  it('may keep its log elsewhere', async () => {
    await restore({ walDir: join(folder, 'log') });
    expect(await filesBelow(join(folder, 'data'))).toEqual(FILES.slice(0, 4));
    expect(await filesBelow(join(folder, 'log'))).toEqual(['0000000000000000-0000000000000000.wal']);
    expect((await readdir(folder)).sort()).toEqual(['data', 'log', 'snapshot.db']);
  });

  it('may keep its log in a folder of its own inside', async () => {
    await restore({ walDir: join(folder, 'data', 'log') });
    expect(await filesBelow(join(folder, 'data'))).toEqual(
      ['log', 'log/0000000000000000-0000000000000000.wal', ...FILES.slice(0, 4)].sort(),
    );
  });

  it('fills an empty folder that is there, which keeps its mode and its lost+found', async () => {
    const dataDir = join(folder, 'data');
    await mkdir(join(dataDir, 'lost+found'), { recursive: true });
    const before = await stat(dataDir);
    await restore();
    expect(await filesBelow(dataDir)).toEqual(['lost+found', ...FILES]);
    const after = await stat(dataDir);
    expect([after.ino, after.mode]).toEqual([before.ino, before.mode]);
  });

  it('tells how far the copy is', async () => {
    let [total, done, ended] = [0, 0, false];
    const progress: Progress = {
      begin(_label, bytes = 0) {
        total = bytes;
        return { advance: (by) => (done += by), end: () => (ended = true) };
      },
    };
    await restore({ progress });
    expect([done, ended]).toEqual([total, true]);
    expect(total).toBe((await stat(snapshotPath)).size - 32);
  });
});

describe('a restore that cannot be done', () => {
  const untouched = async (options: Partial<RestoreMemberOptions>, error: object): Promise<void> => {
    const before = await filesBelow(folder);
    await expect(restore(options)).rejects.toMatchObject(error);
    expect(await filesBelow(folder)).toEqual(before);
  };

  it('refuses a target that is not empty, or no folder', async () => {
    await mkdir(join(folder, 'data', 'member'), { recursive: true });
    await untouched({}, { code: 'RESTORE_TARGET_EXISTS', subject: join(folder, 'data') });
    await untouched({ dataDir: snapshotPath }, { code: 'RESTORE_TARGET_EXISTS' });
    await untouched(
      { dataDir: join(folder, 'new'), walDir: join(folder, 'data') },
      {
        code: 'RESTORE_TARGET_EXISTS',
      },
    );
  });

  it('says what to remove if a killed restore left something in the target', async () => {
    await mkdir(join(folder, 'data', '.holdfast-run-0.part'), { recursive: true });
    await untouched(
      {},
      {
        code: 'RESTORE_TARGET_EXISTS',
        hint: `A killed restore left ${join(folder, 'data', '.holdfast-run-0.part')}. Remove it and run this again.`,
      },
    );
  });

  it.each(['data', '.', 'data/member'])(
    'refuses a log that would hold the data directory or the database: %s',
    (walDir) => untouched({ walDir: join(folder, walDir) }, { code: 'RESTORE_TARGET_EXISTS' }),
  );

  it('refuses flags that do not fit before it makes anything', async () => {
    await untouched({ name: 'stranger' }, { code: 'RESTORE_IDENTITY_INVALID' });
    await untouched({ etcdVersion: '3.5.30' }, { code: 'RESTORE_RELEASE_UNSUPPORTED' });
    await untouched({ bumpRevision: 0n }, { code: 'RESTORE_BUMP_INVALID' });
    await expect(restore({ id: '../x' })).rejects.toThrow(TypeError);
  });

  it('refuses what is no snapshot, is empty, or is not there', async () => {
    const other = join(folder, 'other.db');
    await untouched({ snapshotPath: other }, { code: 'RESTORE_READ_FAILED', subject: other });
    await writeFile(other, '');
    await untouched({ snapshotPath: other }, { code: 'RESTORE_SNAPSHOT_UNUSABLE' });
    await writeFile(other, Buffer.alloc(10_000, 1));
    await untouched({ snapshotPath: other }, { code: 'RESTORE_SNAPSHOT_UNUSABLE' });
    await copyFile(snapshotPath, other);
    await truncate(other, 8192);
    await untouched({ snapshotPath: other }, { code: expect.stringMatching(/^(BOLT|RESTORE)_/) as string });
  });

  it('removes what it began if it is stopped', async () => {
    const controller = new AbortController();
    const progress: Progress = {
      begin: () => ({ advance: () => controller.abort(new Error('stop')), end: () => undefined }),
    };
    await untouched({ progress, signal: controller.signal }, { message: 'stop' });
    await untouched({ signal: AbortSignal.abort(new Error('at once')) }, { message: 'at once' });
  });

  it.each([false, true])(
    'takes back the data directory if the log cannot be published (it existed: %s)',
    async (existed) => {
      const walDir = join(folder, 'log');
      if (existed) await mkdir(join(folder, 'data'));
      // Somebody else makes the log's folder while the restore runs.
      const progress: Progress = {
        begin: () => ({ advance: () => undefined, end: () => mkdirSync(join(walDir, 'theirs'), { recursive: true }) }),
      };
      await expect(restore({ walDir, progress })).rejects.toMatchObject({ code: 'RESTORE_WRITE_FAILED' });
      const left = (await filesBelow(folder)).filter((name) => name !== 'snapshot.db');
      expect(left).toEqual([...(existed ? ['data'] : []), 'log', 'log/theirs']);
    },
  );

  it('removes what it began if the disk does not take it', async () => {
    await mkdir(join(folder, 'data.holdfast-run-1.part'));
    await expect(restore()).rejects.toMatchObject({ code: 'RESTORE_WRITE_FAILED' });
    expect(await readdir(folder)).toContain('data.holdfast-run-1.part');
  });
});
