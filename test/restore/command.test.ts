import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../kit/index.ts';
import {
  freePorts,
  holdfast,
  Member,
  newestRelease,
  startControlPlane,
  succeed,
  temporaryFolder,
} from '../kit/index.ts';

let plane: ControlPlane;
let backups: string;
/** Every key with its value and revisions at the time of the backup. */
let atBackup: string;
beforeAll(async () => {
  plane = await startControlPlane({ members: 3 });
  backups = plane.place('backups');
  expect((await plane.backup(backups)).code).toBe(0);
  atBackup = await plane.cluster.etcdctl('get', '', '--prefix');
});
afterAll(() => plane.stop());

const restore = (...args: readonly string[]) => holdfast('restore', 'member', ...args);

describe('holdfast restore member, after a disaster', () => {
  it('brings a cluster of three back, host by host, with every key and a revision above all that clients saw', async () => {
    await plane.cluster.etcdctl('del', '', '--prefix');
    const before = (await plane.cluster.etcdctl('endpoint', 'status', '-w', 'fields')).match(/"Revision" : (\d+)/)?.[1];
    const folder = await temporaryFolder();
    const ports = await freePorts(6);
    const places = [0, 1, 2].map((index) => ({
      name: `new-${index}`,
      endpoint: `http://127.0.0.1:${ports[2 * index] ?? 0}`,
      peerUrl: `http://127.0.0.1:${ports[2 * index + 1] ?? 0}`,
    }));
    const initialCluster = places.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',');
    const live = ['--endpoints', plane.cluster.endpoints.join(','), ...credentials()];
    let bump: readonly string[] = [];
    for (const { name, peerUrl } of places) {
      const flags = ['--name', name, '--initial-cluster', initialCluster, '--initial-advertise-peer-urls', peerUrl];
      // The first host asks the members that still answer; the others are told what it decided.
      const choice = bump.length === 0 ? live : bump;
      const run = await restore(backups, '--data-dir', join(folder, `${name}.etcd`), ...flags, ...choice, '-o', 'json');
      expect(run, run.stderr).toMatchObject({ code: 0 });
      const report = JSON.parse(run.stdout) as {
        revision: number;
        bump: { by: number; reason: string; guessed: boolean };
      };
      expect(report.bump.guessed).toBe(bump.length > 0 ? report.bump.guessed : false);
      expect(report.revision).toBeGreaterThan(Number(before));
      bump = ['--bump-revision', String(report.bump.by), '--mark-compacted'];
    }
    const plan = {
      release: newestRelease(),
      folder,
      initialCluster,
      initialState: 'new' as const,
      token: 'etcd-cluster',
      args: [],
    };
    const members = places.map((place) => new Member({ ...plan, ...place }, () => Promise.resolve()));
    const env = {
      PATH: process.env['PATH'],
      ETCDCTL_API: '3',
      ETCDCTL_ENDPOINTS: places.map(({ endpoint }) => endpoint).join(','),
    };
    const etcdctl = (...args: readonly string[]) =>
      succeed([join(newestRelease().folder, 'etcdctl'), ...args], { env });
    try {
      for (const member of members) member.launch();
      await members[0]?.waitUntil(() => etcdctl('endpoint', 'health').then(() => true), 'to be healthy');
      expect(await etcdctl('get', '', '--prefix')).toBe(atBackup);
      const hashes = JSON.parse(await etcdctl('endpoint', 'hashkv', '--cluster', '-w', 'json')) as {
        HashKV: { hash: number };
      }[];
      expect(new Set(hashes.map(({ HashKV }) => HashKV.hash)).size).toBe(1);
      await etcdctl('put', 'new', 'write');
      await expect(etcdctl('watch', 'new', `--rev=${before ?? ''}`)).rejects.toThrow(/compacted/);
    } finally {
      await Promise.all(members.map((member) => member.stop('SIGKILL')));
    }
  });
});

function credentials(): readonly string[] {
  const files = plane.cluster.clientFiles;
  if (files === undefined) throw new Error('the cluster has TLS');
  return ['--cacert', files.cacert, '--cert', files.cert, '--key', files.key];
}

describe('holdfast restore member refuses', () => {
  it('a target that is not empty, and leaves it as it was', async () => {
    const target = await temporaryFolder();
    await writeFile(join(target, 'theirs'), 'x');
    const run = await restore(backups, '--data-dir', target);
    expect(run.code, run.stderr).toBe(3);
    expect(run.stderr).toContain('RESTORE_TARGET_EXISTS');
    expect(await readdir(target)).toEqual(['theirs']);
  });

  it('a damaged snapshot, whatever the flags', async () => {
    const folder = await temporaryFolder();
    const snapshot = join(folder, 'damaged.db');
    const name = (await readdir(backups)).find((each) => each.startsWith('snapshot_')) ?? '';
    const bytes = await readFile(join(backups, name));
    bytes.fill(0xff, 3 * 4096, bytes.length - 32);
    await writeFile(snapshot, bytes);
    for (const flags of [[], ['--skip-hash-check']]) {
      const run = await restore(snapshot, '--data-dir', join(folder, 'data'), ...flags);
      expect(run.code, run.stderr).toBe(5);
    }
    expect(await readdir(folder)).toEqual(['damaged.db']);
  });

  it('a raw copy of a database unless told so, and then takes it', async () => {
    const folder = await temporaryFolder();
    const raw = join(folder, 'db');
    const name = (await readdir(backups)).find((each) => each.startsWith('snapshot_')) ?? '';
    await writeFile(raw, (await readFile(join(backups, name))).subarray(0, -32));
    const refused = await restore(raw, '--data-dir', join(folder, 'data'));
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('--skip-hash-check');
    const taken = await restore(raw, '--data-dir', join(folder, 'data'), '--skip-hash-check');
    expect(taken.code, taken.stderr).toBe(0);
    expect(taken.stdout).toContain('raised by 1000000000');
  });

  it.each([
    [['--name', 'nobody'], 'RESTORE_IDENTITY_INVALID', 2],
    [['--etcd-version', '3.4'], 'RESTORE_RELEASE_UNSUPPORTED', 3],
    [['--bump-revision', '5'], 'CLI_OPTIONS_CONFLICT', 2],
  ] as const)('flags that do not fit: %j', async (flags, code, exit) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'empty'));
    const run = await restore(backups, '--data-dir', join(folder, 'empty'), ...flags);
    expect(run.stderr).toContain(code);
    expect(run.code).toBe(exit);
    expect(await readdir(folder)).toEqual(['empty']);
    await rm(join(folder, 'empty'), { recursive: true });
  });
});
