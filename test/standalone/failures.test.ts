import { readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resources, type Namespace, type NewObject } from '../../src/apiserver/index.ts';
import { etcdBackups, outcomeOf } from '../../src/crd/index.ts';
import { encodeFrame } from '../../src/standalone/objects/frame.ts';
import { runHoldfast, temporaryFolder, waitFor } from '../kit/index.ts';
import { processesWith, signalIfThere } from '../kit/processes.ts';
import { etcdBackup, RunningStandalone, untilDecided } from '../kit/running-standalone.ts';
import { beginCluster, beginStandalone } from './begun.ts';

function namespace(name: string): NewObject<Namespace> {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** Starts one that has to refuse. */
function attempt(folder: string, ...args: readonly string[]): ReturnType<typeof runHoldfast> {
  const own = ['--data-dir', join(folder, 'data'), '--default-folder', join(folder, 'default'), '--no-metrics'];
  const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  return runHoldfast(['standalone', ...own, ...listen, ...args], { timeoutMs: 60_000 });
}

describe('data that cannot be trusted', () => {
  async function written(): Promise<{ readonly folder: string; readonly log: string }> {
    const folder = await temporaryFolder();
    const { endpoints } = await beginCluster();
    const standalone = await beginStandalone(folder, '--endpoints', endpoints[0] ?? '');
    for (const name of ['a', 'b', 'c']) await standalone.client.create(resources.namespaces, namespace(name));
    expect(await standalone.stop()).toBe(0);
    return { folder, log: join(folder, 'data', 'objects', 'objects.log') };
  }

  it('is refused with the next step: flipped, cut in the middle, or of a newer version', async () => {
    const { folder, log } = await written();
    const good = await readFile(log);
    const flipped = Buffer.from(good);
    flipped[Math.floor(good.length / 2)] = (flipped[Math.floor(good.length / 2)] ?? 0) ^ 1;
    const heading = { holdfast: 'objects', version: 99, revision: '1', objects: 0 };
    const cases = [
      [flipped, 'STANDALONE_STORE_DAMAGED', 'Put back a copy'],
      [good.subarray(10), 'STANDALONE_STORE_DAMAGED', 'Put back a copy'],
      [encodeFrame(Buffer.from(JSON.stringify(heading))), 'STANDALONE_STORE_NEWER', 'or a newer one'],
    ] as const;
    for (const [bytes, code, hint] of cases) {
      await writeFile(log, bytes);
      const refused = await attempt(folder);
      expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining(code)]);
      expect(refused.stderr).toContain(hint);
      expect(refused.stderr).toContain(log);
      expect(await readFile(log)).toEqual(Buffer.from(bytes));
    }
  });

  it('may end in what a power cut tore', async () => {
    const { folder, log } = await written();
    await writeFile(`${log}.copy`, await readFile(log));
    await truncate(`${log}.copy`, (await stat(log)).size - 3);
    await rename(`${log}.copy`, log);
    const standalone = await beginStandalone(folder);
    expect(standalone.log).toContain('torn');
    const { items } = await standalone.client.list(resources.namespaces);
    expect(items.map(({ metadata }) => metadata.name)).toContain('a');
  });
});

describe('a certificate that cannot be used', () => {
  it('is told at the start, and not when the first backup is due', async () => {
    const folder = await temporaryFolder();
    const refused = await attempt(folder, '--cacert', join(folder, 'mistyped.crt'));
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('ETCD_CREDENTIALS_UNREADABLE')]);
    expect(refused.stderr).toContain(join(folder, 'mistyped.crt'));
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('a password', () => {
  it('is kept for its owner alone, and no longer than it is given', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'data', 'access', 'etcd-password');
    const login = ['--user', 'root', '--password', 'not-to-be-seen'];
    const standalone = await beginStandalone(folder, ...login);
    expect([await readFile(path, 'utf8'), (await stat(path)).mode & 0o777]).toEqual(['not-to-be-seen\n', 0o600]);
    expect(standalone.log).not.toContain('not-to-be-seen');
    await standalone.stop();
    await beginStandalone(folder);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });
});

describe('a place that is taken', () => {
  it.each([
    ['--listen', 'STANDALONE_LISTEN', 6],
    ['--metrics', 'OPERATOR_HEALTH_ADDRESS', 8],
  ])('is told of: %s', async (option, message, code) => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    const address = await waitFor(() => server.address());
    const port = typeof address === 'object' ? address.port : 0;
    const refused = await attempt(await temporaryFolder(), option, `127.0.0.1:${port}`);
    expect([refused.code, refused.stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(refused.stderr).toContain(`${port}`);
  });
});

describe('an etcd that fails', () => {
  it('and says nothing more fails the backup with the reason, once its silence is too long', async () => {
    const etcd = await beginCluster();
    const [member] = etcd.members;
    const { client } = await beginStandalone(
      await temporaryFolder(),
      ...['--endpoints', etcd.endpoints[0] ?? '', '--job-deadline', '10s', '--', '--idle-timeout', '1s'],
    );
    member?.pause();
    onTestFinished(() => member?.resume());
    await client.create(etcdBackups, etcdBackup('silent'));
    const failed = await untilDecided(client, 'silent', 150_000);
    expect(outcomeOf(failed)).toBe('BackupFailed');
    expect(failed.status?.failure).toMatchObject({
      code: 'OPERATOR_JOB_DEADLINE',
      message: expect.stringContaining('longer than specified deadline') as string,
    });
    member?.resume();
    await client.create(etcdBackups, etcdBackup('again'));
    expect(outcomeOf(await untilDecided(client, 'again'))).toBe('BackupCompleted');
  });

  it('for a trial cannot be started: it is told which, and how to name another', async () => {
    const refused = await attempt(await temporaryFolder(), '--embedded-etcd', '--etcd-binary', '/nowhere/etcd');
    expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('STANDALONE_ETCD')]);
    expect(refused.stderr).toContain('/nowhere/etcd');
    expect(refused.stderr).toContain('--etcd-binary');
  });

  it('for a trial is killed: the engine ends and says so, and everything is there at the next start', async () => {
    const folder = await temporaryFolder();
    const standalone = await RunningStandalone.start({ folder });
    onTestFinished(async () => {
      await standalone.stop('SIGKILL');
    });
    const etcd = (await processesWith(join(folder, 'data', 'etcd'))).find(({ args }) => args[0]?.endsWith('etcd'));
    signalIfThere(etcd?.pid ?? 0, 'SIGKILL');
    expect(await standalone.ended()).toBe(6);
    expect(standalone.log).toContain('STANDALONE_ETCD');
    expect(await processesWith(folder)).toEqual([]);
    await standalone.start();
  });
});
