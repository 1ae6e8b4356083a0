import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../kit/index.ts';
import {
  cuttableProxy,
  fill,
  holdfast,
  interrupted,
  runCommand,
  SeededRandom,
  smallDisk,
  startCluster,
  startControlPlane,
  temporaryFolder,
  waitFor,
  type Cluster,
} from '../kit/index.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await fill(plane.cluster, { keys: 6000, valueBytes: 4000 });
});
afterAll(() => plane.stop());

async function namesIn(folder: string): Promise<readonly string[]> {
  return existsSync(folder) ? readdir(folder) : [];
}

/** Names in a folder that are not ours to publish: the lock, leftovers. */
async function finalNames(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).filter((name) => !name.startsWith('.holdfast') && !name.endsWith('.part'));
}

async function partNames(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).filter((name) => name.endsWith('.part'));
}

describe('a run that is killed', () => {
  it('at any of many moments leaves no file with a final name that verify does not call good', async () => {
    const random = new SeededRandom(7);
    const folder = plane.place('killed');
    const started = performance.now();
    expect((await plane.backup(folder)).code).toBe(0);
    const whole = performance.now() - started;
    for (let round = 0; round < 25; round++) {
      const moment = random.below(Math.ceil(whole));
      await interrupted(plane.backupCommand(folder), 'SIGKILL', () => delay(moment));
      for (const name of await finalNames(folder)) {
        const { code, stdout } = await holdfast('verify', join(folder, name));
        expect(code, `${name} after round ${round}: ${stdout}`).toBe(0);
      }
      for (const name of await readdir(folder))
        if (!name.endsWith('.part') && name !== '.holdfast.lock') await rm(join(folder, name));
    }
  });

  it('does not keep the next run away, which removes what was left', async () => {
    const folder = plane.place('left');
    const writing = () => waitFor(async () => (await partNames(folder)).length > 0);
    await interrupted(plane.backupCommand(folder), 'SIGKILL', writing);
    expect(await partNames(folder)).not.toEqual([]);
    const next = await plane.backup(folder);
    expect(next, next.stderr).toMatchObject({ code: 0 });
    expect(next.stderr).toContain('which a run that was killed left behind');
    expect(await partNames(folder)).toEqual([]);
    expect(await finalNames(folder)).toHaveLength(3);
  });

  it('by SIGTERM ends at once, leaves nothing at all, and says so by its exit code', async () => {
    const folder = plane.place('terminated');
    const writing = () => waitFor(async () => (await partNames(folder)).length > 0);
    expect(await interrupted(plane.backupCommand(folder), 'SIGTERM', writing)).toBe(143);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a disk that is full', () => {
  it('is noticed before the start where it can be, and nothing is written', async () => {
    const disk = await smallDisk({ bytes: 8 * 1024 * 1024 });
    const run = await runCommand(disk.wrap(plane.backupCommand(join(disk.folder, 'b'))));
    const expected = disk.limits === 'disk' ? { code: 3, says: 'BACKUP_NO_ROOM' } : { code: 6, says: 'STORE_' };
    expect(run, run.stderr).toMatchObject({ code: expected.code });
    expect(run.stderr).toContain(expected.says);
    expect(await readdir(join(disk.folder, 'b'))).toEqual([]);
  });

  it('in the middle of the stream ends the run, and what was begun is removed', async () => {
    const folder = await temporaryFolder();
    const command = ['sh', '-c', 'ulimit -f 2048; exec "$@"', 'sh', ...plane.backupCommand(folder)];
    const run = await runCommand(command);
    expect(run, run.stderr).toMatchObject({ code: 6 });
    expect(run.stderr).toMatch(/snapshot_.*\.db\.part/);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a member that fails in the middle of its snapshot', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ members: 2 });
    await fill(cluster, { keys: 3000, valueBytes: 4000 });
  });
  afterAll(() => cluster.stop());

  const backup = (folder: string, endpoints: readonly string[]) =>
    holdfast(
      'backup',
      folder,
      '--snapshot-only',
      '--host-root',
      folder,
      '--endpoints',
      endpoints.join(','),
      '--idle-timeout',
      '2s',
    );

  /** One member behind a proxy that fails, as all that is known of the cluster. */
  async function behindProxy(fail: (proxy: Awaited<ReturnType<typeof cuttableProxy>>) => void) {
    const folder = await temporaryFolder();
    await using proxy = await cuttableProxy(cluster.endpoints[0] ?? '');
    fail(proxy);
    const run = await backup(folder, [`http://${proxy.address}`]);
    return { run, left: await readdir(folder) };
  }

  it('by going silent is given up after the idle time-out; nothing is left', async () => {
    const { run, left } = await behindProxy((proxy) => proxy.goSilentAfterBytes(2_000_000));
    expect(run, run.stderr).toMatchObject({ code: 4 });
    expect(run.stderr).toContain('ETCD_STREAM_IDLE');
    expect(left).toEqual([]);
  });

  it('by a cut connection is reported; nothing is left', async () => {
    const { run, left } = await behindProxy((proxy) => proxy.cutAfterBytes(2_000_000));
    expect(run, run.stderr).toMatchObject({ code: 4 });
    expect(run.stderr).toMatch(/ETCD_STREAM_/);
    expect(left).toEqual([]);
  });

  it('by a flipped bit is caught by the checksum that etcd sends; nothing is left', async () => {
    const { run, left } = await behindProxy((proxy) => proxy.flipByteAt(2_000_000));
    expect([4, 5], run.stderr).toContain(run.code);
    expect(left).toEqual([]);
  });

  it('has a sister: the snapshot is then taken from her', async () => {
    const folder = await temporaryFolder();
    const [a = '', b = ''] = cluster.endpoints;
    const leader = (await cluster.leader()).endpoint;
    const [followerEndpoint, leaderEndpoint] = leader === a ? [b, a] : [a, b];
    await using proxy = await cuttableProxy(followerEndpoint);
    proxy.goSilentAfterBytes(2_000_000);
    const run = await backup(folder, [`http://${proxy.address}`, leaderEndpoint]);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/sent nothing .* for 2 s; trying/);
    expect((await holdfast('verify', folder)).code).toBe(0);
  });

  it('and the rest of the cluster with it: a snapshot needs no quorum, and the run says that there is none', async () => {
    const folder = await temporaryFolder();
    const [first, second] = cluster.members;
    await second?.stop();
    const run = await waitFor(async () => {
      const attempt = await backup(folder, cluster.endpoints);
      return attempt.stderr.includes('BACKUP_NO_QUORUM') ? attempt : undefined;
    });
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stderr).toContain('BACKUP_MEMBER_UNREACHABLE');
    await second?.start();
    expect(first?.isRunning).toBe(true);
  });
});

describe('two runs at once', () => {
  /** A run that is stopped in the middle, so that it is still there however quick the machine is, while `work` goes on. */
  async function besideARun(folder: string, work: () => Promise<void>): Promise<void> {
    let pid = 0;
    const first = plane.backup(folder, [], { onStart: (id) => (pid = id) });
    await waitFor(async () => (await partNames(folder)).length > 0, { everyMs: 5 });
    process.kill(pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    expect((await first).code).toBe(0);
  }

  it('on one repository: the second is told who holds it, and does nothing', async () => {
    const folder = plane.place('contended');
    await besideARun(folder, async () => {
      const second = await plane.backup(folder);
      expect(second, second.stderr).toMatchObject({ code: 7 });
      expect(second.stderr).toContain('STORE_LOCKED');
    });
  });

  it('of one cluster into two folders: one at a time', async () => {
    const [one, two] = [plane.place('one'), plane.place('two')];
    await besideARun(one, async () => {
      const second = await plane.backup(two);
      expect(second, second.stderr).toMatchObject({ code: 7 });
      expect(await finalNames(two)).toEqual([]);
    });
  });
});

describe('a time limit', () => {
  it('ends a run that takes too long in all, and says so', async () => {
    const folder = await temporaryFolder();
    await using slow = await startCluster();
    await fill(slow, { keys: 3000, valueBytes: 4000 });
    await using proxy = await cuttableProxy(slow.endpoints[0] ?? '');
    proxy.slowTo(400_000);
    const run = await holdfast(
      'backup',
      folder,
      '--snapshot-only',
      '--host-root',
      folder,
      '--endpoints',
      `http://${proxy.address}`,
      '--timeout',
      '3s',
    );
    expect(run.stderr).toContain('OPERATION_TIMED_OUT');
    expect(run.code).toBe(10);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('what a run prints', () => {
  it('never holds a secret of the host or of etcd', async () => {
    const folder = plane.place('secrets');
    const config = plane.host.encryptionConfig;
    const secret = /"?secret"?: ?"?([\w+/=]+)/.exec(await readFile(join(plane.root, config ?? ''), 'utf8'))?.[1];
    expect(secret).toBeDefined();
    const run = await runCommand([...plane.backupCommand(folder), '-o', 'json']);
    const manifest = (await finalNames(folder)).find((name) => name.endsWith('.json')) ?? '';
    const told = run.stdout + run.stderr + (await readFile(join(folder, manifest), 'utf8'));
    expect(told).not.toContain(secret);
    expect(told).not.toContain('PRIVATE KEY');
  });
});
