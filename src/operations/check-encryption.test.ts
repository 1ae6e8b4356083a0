import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentProgress } from '../base/index.ts';
import { checkEncryptionKeys } from './check-encryption.ts';
import { inspectSnapshotFile, type SnapshotInspection } from './inspect/inspect-snapshot.ts';

const VECTORS = new URL('../../test/vectors/snapshot/', import.meta.url);
const surroundings = { inspectWorker: undefined, signal: new AbortController().signal, progress: silentProgress };

let folder = '';
let inspection: SnapshotInspection;
let configuration: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-encryption-'));
  const path = join(folder, 'after.db');
  await writeFile(path, gunzipSync(await readFile(new URL('after.db.gz', VECTORS))));
  inspection = await inspectSnapshotFile(path, { hash: true }, surroundings);
  configuration = await readFile(new URL('encryption-config.yaml', VECTORS), 'utf8');
});
afterAll(() => rm(folder, { recursive: true }));

const check = (text: string | undefined) =>
  checkEncryptionKeys(
    inspection,
    text === undefined ? undefined : new Map([['enc.yaml', Buffer.from(text)]]),
    surroundings,
  );

describe('the keys of a real control plane whose secrets, config maps and service accounts are encrypted', () => {
  it('are all in the configuration that was saved with it', async () => {
    const { manifest, findings } = await check(configuration);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(manifest).toMatchObject({ keysSaved: 'in-resources', configFiles: ['enc.yaml'] });
    expect(
      manifest.encryptedResources.map(({ resource, provider, keyNames }) => [resource, provider, ...keyNames]).sort(),
    ).toEqual([
      ['configmaps', 'secretbox', 'sb1'],
      ['secrets', 'aescbc', 'key1'],
      ['serviceaccounts', 'aesgcm', 'gcm1'],
    ]);
  });

  it('make the backup bad where one is missing, and name it', async () => {
    const { manifest, findings } = await check(configuration.replaceAll('sb1', 'sb2'));
    expect(manifest.keysSaved).toBe('incomplete');
    expect(findings).toContainEqual(expect.objectContaining({ severity: 'error', code: 'KUBE_KEY_MISSING' }));
    expect(JSON.stringify(findings)).toContain('sb1');
  });

  it('are warned about where nothing was saved beside the snapshot', async () => {
    const { manifest, findings } = await check(undefined);
    expect(manifest.keysSaved).toBe('none');
    expect(findings).toEqual([expect.objectContaining({ severity: 'warning', code: 'BACKUP_KEYS_NOT_SAVED' })]);
  });
});
