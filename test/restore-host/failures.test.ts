import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { etcdReleases, holdfastCommand, standingHost, waitFor, type StandingHost } from '../kit/index.ts';

async function isWhole(host: StandingHost, state: string): Promise<void> {
  await host.kubelet.settled(host.manifestNames);
  await host.serving();
  expect(await host.get('/registry/test/state')).toBe(state);
}

/** Two states of a host: `old` in the backup, `new` in its etcd. */
async function stage(
  options: Parameters<typeof standingHost>[0] = {},
): Promise<{ host: StandingHost; backup: string }> {
  const host = await standingHost(options);
  await host.put('/registry/test/state', 'old');
  const backup = await host.backup('backups');
  await host.put('/registry/test/state', 'new');
  return { host, backup };
}

/** Kills the real program with SIGKILL after some time; true where it was still running. */
function killedAfter(ms: number, ...args: readonly string[]): Promise<boolean> {
  const [program = '', ...rest] = holdfastCommand(...args);
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    child.once('error', reject).once('exit', (_, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });
}

/** The lines of the journal of the newest restore; none where no restore has begun. */
async function newestJournal(host: StandingHost): Promise<readonly string[]> {
  const folder = host.disk('/var/lib/holdfast/restores');
  const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
  const text = await readFile(join(folder, names.at(-1) ?? '', 'journal.jsonl'), 'utf8').catch(() => '');
  return text.trim().split('\n');
}

describe('a restore that fails', () => {
  it('because etcd never comes up stays as it is, and is rolled back on demand', async () => {
    const { host, backup } = await stage();
    const before = await host.picture();
    // The manifest that the backup brings back names a program that is not there.
    const manifest = host.disk(host.manifest('etcd'));
    const good = await readFile(manifest, 'utf8');
    await host.stop();
    await writeFile(manifest, good.replace('- etcd\n', '- etcd-that-is-not-there\n'));
    await host.start();
    const run = await host.holdfast('restore', 'host', backup, '--snapshot-only', '--yes', '--timeout', '2s');
    expect(run.code, run.stderr).toBe(11);
    expect(run.stderr).toContain('--rollback');
    const back = await host.holdfast('restore', 'host', '--rollback', '--yes');
    expect(back.code, back.stderr).toBe(0);
    await host.kubelet.settled(host.manifestNames);
    await writeFile(manifest, good);
    await isWhole(host, 'new');
    expect(await host.picture()).toEqual(before);
  });

  it('because the pods do not stop in time puts everything back by itself', async () => {
    const { host, backup } = await stage();
    const before = await host.picture();
    // A kubelet that does not look: the pods run on.
    await host.kubelet.holdUp();
    const run = await host.holdfast('restore', 'host', backup, '--yes', '--timeout', '1s');
    expect(run.code, run.stderr).toBe(12);
    expect(await host.picture()).toEqual(before);
    host.kubelet.goOn();
    await isWhole(host, 'new');
  });

  it('by SIGKILL at any time goes on, and can be taken back', { timeout: 300_000 }, async () => {
    const { host, backup } = await stage();
    const before = await host.picture();
    const takeBack = async (): Promise<void> => {
      const back = await host.holdfast('restore', 'host', '--rollback', '--yes');
      expect(back.code, back.stderr).toBe(0);
      await isWhole(host, 'new');
      expect(await host.picture()).toEqual(before);
    };
    const args = ['restore', 'host', backup, '--yes', '--host-root', host.root, '--no-progress'];
    let kills = 0;
    for (let ms = 400; await killedAfter(ms, ...args); ms += 130) {
      kills++;
      // Killed between its last step and its exit, it has nothing to go on with: the same command would restore once more.
      if ((await newestJournal(host)).at(-1)?.includes('"finished"') !== true) {
        const run = await host.holdfast('restore', 'host', backup, '--yes');
        expect(run.code, run.stderr).toBe(0);
      }
      await isWhole(host, 'old');
      await takeBack();
    }
    await takeBack();
    expect(kills).toBeGreaterThan(3);
  });
});

it('the oldest supported release is restored too', async () => {
  const [release] = etcdReleases();
  const { host, backup } = await stage(release === undefined ? {} : { release });
  const run = await host.holdfast('restore', 'host', backup, '--yes');
  expect(run.code, run.stderr).toBe(0);
  await isWhole(host, 'old');
  expect((await newestJournal(host)).at(-1)).toContain('"finished"');
  await waitFor(async () => (await host.revision()) > 1_000_000n);
});
