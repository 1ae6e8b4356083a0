import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentProgress } from '../base/index.ts';
import { snapshotStatus } from './snapshot-status.ts';
import { verifyPath } from './verify-path.ts';

const VECTORS = new URL('../../test/vectors/snapshot/', import.meta.url);
const surroundings = { inspectWorker: undefined, signal: new AbortController().signal, progress: silentProgress };

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-verify-'));
  const bytes = gunzipSync(await readFile(new URL('before.db.gz', VECTORS)));
  await writeFile(join(folder, 'before.db'), bytes);
  await writeFile(join(folder, 'snapshot_2026-11-22_154400.db'), bytes);
});
afterAll(() => rm(folder, { recursive: true }));

const verify = (path: string) => verifyPath({ path: join(folder, path), resourcesDir: undefined }, surroundings);

describe('what a path names', () => {
  it.each(['.', 'snapshot_2026-11-22_154400.db', '2026-11-22_154400', 'before.db'])(
    '%s is found and good',
    async (path) => {
      const { good, backups } = await verify(path);
      expect(good).toBe(true);
      expect(backups).toHaveLength(1);
      expect(backups[0]?.snapshot).toMatchObject({
        trailer: 'good',
        walk: { status: { hash: 1060732731, revision: 760n, totalKey: 778 } },
      });
    },
  );

  it.each(['nothing', 'static_kuberesources_2026-11-22_154400.tar.gz'])(
    '%s is nothing that could be verified',
    async (path) => {
      await expect(verify(path)).rejects.toMatchObject({ code: 'OPERATION_NOTHING_FOUND' });
    },
  );
});

it('the status of a snapshot is etcdutl’s, with the live keys beside it', async () => {
  const { status } = await snapshotStatus(join(folder, 'before.db'), surroundings);
  expect(status).toEqual({
    hash: 1060732731,
    revision: 760n,
    totalKey: 778,
    totalSize: 1273856,
    version: '3.6.0',
    liveKeys: 522,
  });
});
