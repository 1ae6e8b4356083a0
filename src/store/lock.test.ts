import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/index.ts';
import { acquireLock, StoreError, type LockOptions, type ProcessIdentity } from './index.ts';
import { ownIdentity } from './process-identity.ts';

let folder = '';
let path = '';
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-lock-'));
  path = join(folder, '.holdfast.lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const options: LockOptions = { purpose: 'holdfast backup /b', clock: systemClock };

/** A real process that lives until it is killed. */
async function startProcess(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** The identity of another process on this host. */
async function identityOf(child: ChildProcess): Promise<ProcessIdentity> {
  const own = await ownIdentity();
  const line = await readFile(`/proc/${child.pid}/stat`, 'utf8');
  const startTicks = line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  return { ...own, pid: child.pid ?? 0, startTicks };
}

async function stale(age: number, file = path): Promise<void> {
  const then = new Date(Date.now() - age);
  await utimes(file, then, then);
}

describe('a lock', () => {
  it('is one file, mode 0600, that says who holds it, and is gone after the release', async () => {
    const lock = await acquireLock(path, options);
    expect(await readdir(folder)).toEqual(['.holdfast.lock']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid, purpose: 'holdfast backup /b' });
    await lock.assertHeld();
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('keeps a second run away, and tells it who holds the lock, since when, and what to do', async () => {
    const lock = await acquireLock(path, { ...options, clock: { ...systemClock, now: () => new Date(0) } });
    const failure = await acquireLock(path, options).catch((error: unknown) => error);
    if (!(failure instanceof StoreError)) throw new Error('the lock was given twice');
    expect(failure.code).toBe('STORE_LOCKED');
    expect(failure.message).toContain(`held by process ${process.pid} on `);
    expect(failure.message).toContain('(holdfast backup /b) since 1970-01-01T00:00:00.000Z');
    expect(failure.hint).toContain(`kill ${process.pid}`);
    expect(await readdir(folder)).toEqual(['.holdfast.lock']);
    await lock.release();
    await (await acquireLock(path, options)).release();
  });

  it('cannot be had in a folder that is not there', async () => {
    await expect(acquireLock(join(folder, 'none', 'x.lock'), options)).rejects.toMatchObject({
      code: 'STORE_NOT_FOUND',
    });
  });

  it('is not waited for once the signal has aborted', async () => {
    const reason = new Error('enough');
    await expect(acquireLock(path, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  it('shows signs of life while it is held', async () => {
    const lock = await acquireLock(path, { ...options, heartbeatMs: 5 });
    await stale(500_000);
    const before = (await stat(path)).mtimeMs;
    await expect.poll(async () => (await stat(path)).mtimeMs).toBeGreaterThan(before + 400_000);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  it('that was taken over is reported as lost, and its release leaves the new one alone', async () => {
    const elsewhere = { pid: 7, host: 'elsewhere', bootId: 'other-boot' };
    const lost = await acquireLock(path, { ...options, identity: elsewhere });
    await stale(121_000);
    const lock = await acquireLock(path, options);
    await expect(lost.assertHeld()).rejects.toMatchObject({ code: 'STORE_LOCK_LOST' });
    await lost.release();
    await lock.assertHeld();
    await lock.release();
  });
});

describe('the lock of a process on this host', () => {
  it('is taken over as soon as the process was killed, and not before', async () => {
    const child = await startProcess();
    const identity = await identityOf(child);
    await acquireLock(path, { ...options, identity });
    await stale(500_000);
    await expect(acquireLock(path, options)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await killed(child);
    const lock = await acquireLock(path, options);
    await lock.assertHeld();
    expect(await readdir(folder)).toEqual(['.holdfast.lock']);
    await lock.release();
  });

  it('is taken over when the process id now belongs to another process', async () => {
    const child = await startProcess();
    await acquireLock(path, { ...options, identity: { ...(await identityOf(child)), startTicks: '1' } });
    await (await acquireLock(path, options)).release();
  });

  it('is taken over after a reboot of the same machine', async () => {
    const own = await ownIdentity();
    await acquireLock(path, { ...options, identity: { ...own, bootId: 'the-boot-before' } });
    if (own.machineId === undefined) await stale(121_000);
    await (await acquireLock(path, options)).release();
  });
});

describe('the lock of a process that cannot be seen from here', () => {
  it.each([
    ['another host', { host: 'elsewhere', bootId: 'other-boot', machineId: 'other' }],
    ['a host of the same name', { bootId: 'other-boot', machineId: 'other' }],
    ['another container', { pidNamespace: 'pid:[1]' }],
    ['a system without /proc', { bootId: undefined }],
  ])('(%s) is respected until it has been silent for two minutes', async (_what, difference) => {
    await acquireLock(path, { ...options, identity: { ...(await ownIdentity()), pid: 1, ...difference } });
    await stale(110_000);
    await expect(acquireLock(path, options)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await stale(121_000);
    await (await acquireLock(path, options)).release();
  });

  it.each(['', '{"pid":', 'not ours'])('because the file holds %j, likewise', async (content) => {
    await writeFile(path, content);
    await expect(acquireLock(path, options)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await stale(121_000);
    await (await acquireLock(path, options)).release();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a takeover', () => {
  const dead: ProcessIdentity = { pid: 1, host: 'gone', bootId: 'gone' };

  it('that was killed halfway is taken over in turn', async () => {
    await acquireLock(path, { ...options, identity: dead });
    const { token } = JSON.parse(await readFile(path, 'utf8')) as { token: string };
    // The heir had created its marker and died before it replaced the lock.
    const heir = join(folder, 'heir');
    await acquireLock(heir, { ...options, identity: dead });
    const marker = `${path}.${token}.after`;
    await writeFile(marker, await readFile(heir));
    await unlink(heir);
    await stale(121_000);
    await expect(acquireLock(path, options)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await stale(121_000, marker);
    const lock = await acquireLock(path, options);
    expect(await readdir(folder)).toEqual(['.holdfast.lock']);
    await lock.release();
  });

  it('removes what killed processes left beside the lock, once it is old', async () => {
    const left = `${path}.0a0a0a0a-0000-4000-8000-000000000000.new`;
    await writeFile(left, '');
    await (await acquireLock(path, options)).release();
    expect(await readdir(folder)).toHaveLength(1);
    await stale(121_000, left);
    await (await acquireLock(path, options)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is won by exactly one of many that try at once, time after time', async () => {
    for (let round = 0; round < 15; round++) {
      const before = await acquireLock(path, { ...options, identity: dead });
      await stale(121_000);
      const tries = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(path, options)));
      const won = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      expect(won).toHaveLength(1);
      for (const each of tries)
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'STORE_LOCKED' });
      await won[0]?.assertHeld();
      await won[0]?.release();
      await before.release();
      expect(await readdir(folder)).toEqual([]);
    }
  });
});
