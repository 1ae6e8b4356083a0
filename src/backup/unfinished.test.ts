import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  encodeManifest,
  findUnfinished,
  finishPublish,
  formatBackupFileName,
  MANIFEST_SCHEMA_VERSION,
  scanRepository,
  type FileKind,
  type Manifest,
} from './index.ts';

const T = '2026-11-22_154400';
const CONTENT = { snapshot: Buffer.alloc(100, 1), resources: Buffer.alloc(40, 2) } as const;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let root = '';
let folder = '';
let keys = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-unfinished-'));
  folder = join(root, 'repository');
  keys = join(root, 'keys');
  await mkdir(folder);
  await mkdir(keys);
});
afterEach(() => rm(root, { recursive: true }));

function manifestOf(resourcesFolder?: string): Manifest {
  return {
    schemaVersion: MANIFEST_SCHEMA_VERSION,
    tool: { name: 'holdfast', version: '0.1.0' },
    created: new Date('2026-11-22T06:44:00Z'),
    timestamp: T,
    dirty: [],
    cluster: { etcdClusterId: 1n },
    member: { id: 1n, endpoint: 'http://127.0.0.1:2379', role: 'leader' },
    etcd: { version: '3.5.30' },
    snapshot: {
      file: formatBackupFileName('snapshot', T, false),
      size: CONTENT.snapshot.length,
      sha256: sha256(CONTENT.snapshot),
      contentSha256: sha256(CONTENT.snapshot),
      revision: 1n,
      raftIndex: 1n,
      raftTerm: 1n,
      hash: 1,
      totalKey: 1,
      liveKeys: 1,
      totalSize: 1,
    },
    resources: {
      file: formatBackupFileName('resources', T, false),
      ...(resourcesFolder === undefined ? {} : { folder: resourcesFolder }),
      size: CONTENT.resources.length,
      sha256: sha256(CONTENT.resources),
      entries: 1,
      layout: 'kubeadm',
      staticPods: [],
    },
    encryption: { encryptedResources: [], configFiles: [], keysSaved: 'not-needed' },
    verified: { at: new Date('2026-11-22T06:44:01Z'), checks: ['all'] },
    warnings: [],
  };
}

/** Every moment at which a run can be killed, as the steps it has taken by then. */
const RUN = [
  'begin snapshot',
  'end snapshot',
  'begin resources',
  'end resources',
  'begin manifest',
  'end manifest',
  'link snapshot',
  'unlink snapshot',
  'link resources',
  'unlink resources',
  'link manifest',
  'unlink manifest',
] as const;
/** From here on the backup is committed. */
const COMMIT = RUN.indexOf('end manifest') + 1;

async function runUntil(steps: number, resourcesFolder: string | undefined): Promise<void> {
  const content = { ...CONTENT, manifest: Buffer.from(encodeManifest(manifestOf(resourcesFolder))) };
  for (const step of RUN.slice(0, steps)) {
    const [verb, kind] = step.split(' ') as ['begin' | 'end' | 'link' | 'unlink', FileKind];
    const inside = kind === 'resources' ? (resourcesFolder ?? folder) : folder;
    const path = join(inside, formatBackupFileName(kind, T, false));
    if (verb === 'begin') await writeFile(`${path}.part`, content[kind].subarray(0, content[kind].length / 2));
    else if (verb === 'end') await writeFile(`${path}.part`, content[kind]);
    else if (verb === 'link') await link(`${path}.part`, path);
    else await unlink(`${path}.part`);
  }
}

const namesIn = async (path: string): Promise<string[]> => (await readdir(path)).sort();

/** What the next run does: discard, compare digests, finish. */
async function recover(): Promise<void> {
  const { discard, complete } = await findUnfinished(folder, { resourcesDir: keys });
  for (const path of discard) await unlink(path);
  for (const publish of complete) {
    for (const { stage, partPath, finalPath, sha256: recorded } of publish.steps)
      if (recorded !== undefined)
        expect(sha256(await readFile(stage === 'part' ? partPath : finalPath))).toBe(recorded);
    await finishPublish(publish);
  }
}

describe.each([
  ['beside the snapshot', false],
  ['in a folder of their own', true],
])('a run with the resources %s, killed', (_where, apart) => {
  const moments = Array.from({ length: RUN.length + 1 }, (_, steps) => ({ steps, last: RUN[steps - 1] ?? 'nothing' }));

  it.each(moments)(
    'after "$last", leaves nothing or a good backup once the next run has cleaned up',
    async ({ steps }) => {
      await runUntil(steps, apart ? keys : undefined);
      await recover();
      const { backups } = await scanRepository(folder, { resourcesDir: keys });
      expect(backups.map(({ state }) => state)).toEqual(steps >= COMMIT ? ['good'] : []);
      expect([...(await namesIn(folder)), ...(await namesIn(keys))].filter((name) => name.endsWith('.part'))).toEqual(
        [],
      );
      expect(await findUnfinished(folder, { resourcesDir: keys })).toEqual({ discard: [], complete: [], findings: [] });
    },
  );

  it.each(moments)('after "$last", is recovered just as well when the recovery is killed too', async ({ steps }) => {
    await runUntil(steps, apart ? keys : undefined);
    for (;;) {
      // One removal or one step of publishing, then the kill.
      const { discard, complete } = await findUnfinished(folder, { resourcesDir: keys });
      const [path] = discard;
      const [publish] = complete;
      if (path !== undefined) await unlink(path);
      else if (publish !== undefined)
        await finishPublish({ ...publish, steps: publish.steps.filter(({ stage }) => stage !== 'final').slice(0, 1) });
      else break;
    }
    const { backups } = await scanRepository(folder);
    expect(backups.map(({ state }) => state)).toEqual(steps >= COMMIT ? ['good'] : []);
    expect([...(await namesIn(folder)), ...(await namesIn(keys))].filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('what looks like an interrupted publishing', () => {
  const at = (kind: FileKind): string => join(folder, formatBackupFileName(kind, T, false));

  it('is discarded when a file has not the recorded size', async () => {
    await runUntil(COMMIT, undefined);
    await writeFile(`${at('snapshot')}.part`, 'short');
    expect(await findUnfinished(folder)).toMatchObject({
      complete: [],
      discard: [`${at('resources')}.part`, `${at('snapshot')}.part`, `${at('manifest')}.part`],
    });
  });

  it('is discarded when a file of another tool has one of its final names, which stays', async () => {
    await runUntil(COMMIT, undefined);
    await writeFile(at('resources'), CONTENT.resources);
    await recover();
    expect(await namesIn(folder)).toEqual([basename(at('resources'))]);
  });

  it('is discarded when the manifest is another backup’s', async () => {
    await runUntil(COMMIT, undefined);
    await writeFile(`${at('manifest')}.part`, encodeManifest({ ...manifestOf(), timestamp: '2026-11-22_154401' }));
    expect((await findUnfinished(folder)).complete).toEqual([]);
  });

  it('names what to remove should the bytes not have their digest', async () => {
    await runUntil(RUN.indexOf('unlink snapshot') + 1, undefined);
    const [publish] = (await findUnfinished(folder)).complete;
    expect(publish?.steps.map(({ kind, stage }) => [kind, stage])).toEqual([
      ['snapshot', 'final'],
      ['resources', 'part'],
      ['manifest', 'part'],
    ]);
    expect(publish?.discard).toEqual([`${at('resources')}.part`, `${at('manifest')}.part`]);
  });

  it('fails without harm when a final name is taken between looking and renaming', async () => {
    await runUntil(COMMIT, undefined);
    const [publish] = (await findUnfinished(folder)).complete;
    if (publish === undefined) throw new Error('nothing to finish');
    await writeFile(at('snapshot'), 'theirs');
    await expect(finishPublish(publish)).rejects.toMatchObject({
      code: 'BACKUP_PUBLISH_CONFLICT',
      subject: at('snapshot'),
    });
    expect(await readFile(at('snapshot'), 'utf8')).toBe('theirs');
  });
});

describe('what is left alone', () => {
  it('is every name that is not exactly ours', async () => {
    for (const name of ['notes.part', `snapshot_${T}.db.part.part`, `other_${T}.db.part`, 'snapshot_latest.db.part'])
      await writeFile(join(folder, name), 'x');
    expect((await findUnfinished(folder)).discard).toEqual([]);
  });

  it('is a snapshot that cluster-backup.sh is writing: its archive has its final name first', async () => {
    await writeFile(join(folder, formatBackupFileName('resources', T, false)), CONTENT.resources);
    await writeFile(join(folder, `${formatBackupFileName('snapshot', T, false)}.part`), 'half');
    const found = await findUnfinished(folder);
    expect(found).toMatchObject({ discard: [], complete: [] });
    expect(found.findings).toMatchObject([{ code: 'BACKUP_FOREIGN_PART', severity: 'note' }]);
  });

  it('is another repository’s archive in a shared resources folder', async () => {
    await writeFile(join(keys, `${formatBackupFileName('resources', T, false)}.part`), 'half');
    await writeFile(join(folder, `${formatBackupFileName('snapshot', '2026-11-22_154401', false)}.part`), 'half');
    expect((await findUnfinished(folder, { resourcesDir: keys })).discard).toEqual([
      join(folder, `${formatBackupFileName('snapshot', '2026-11-22_154401', false)}.part`),
    ]);
  });

  it('is a sub-folder that a run of its own has locked', async () => {
    for (const name of ['busy', 'idle']) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, `${formatBackupFileName('snapshot', T, false)}.part`), 'half');
    }
    await writeFile(join(folder, 'busy', '.holdfast.lock'), '{}');
    expect((await findUnfinished(folder)).discard).toEqual([
      join(folder, 'idle', `${formatBackupFileName('snapshot', T, false)}.part`),
    ]);
  });
});
