import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resources } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf } from '../../src/crd/index.ts';
import { cuttableProxy, fill, temporaryFolder, waitFor, type CuttableProxy } from '../kit/index.ts';
import { processesWith } from '../kit/processes.ts';
import { etcdBackup, untilDecided, type RunningStandalone } from '../kit/running-standalone.ts';
import { beginCluster, beginStandalone } from './begun.ts';
import { partFiles, proveAll, standingBackups } from './proven-backups.ts';

interface Setting {
  readonly standalone: RunningStandalone;
  /** Before the etcd that is backed up. */
  readonly proxy: CuttableProxy;
  /** Where backups go. */
  readonly volume: string;
}

async function begin(...args: readonly string[]): Promise<Setting> {
  const cluster = await beginCluster();
  await fill(cluster, { keys: 4_000, valueBytes: 512 });
  const proxy = await cuttableProxy(cluster.endpoints[0] ?? '');
  onTestFinished(() => proxy.close());
  const standalone = await beginStandalone(await temporaryFolder(), '--endpoints', `http://${proxy.address}`, ...args);
  return { standalone, proxy, volume: join(standalone.folder, 'default') };
}

/** Asks for a backup and waits until its snapshot is on its way, where it stays until the proxy is healed. */
async function beginBackup({ standalone, proxy, volume }: Setting, name: string): Promise<void> {
  proxy.slowTo(20_000);
  await standalone.client.create(etcdBackups, etcdBackup(name));
  await waitFor(async () => (await partFiles(volume)).length > 0, { timeoutMs: 60_000, what: () => standalone.log });
}

async function commandLines(folder: string): Promise<readonly string[]> {
  return (await processesWith(folder)).map(({ args }) => args.join(' '));
}

describe('holdfast standalone that is asked to end while a backup runs', () => {
  it('waits for it, leaves those that wait to the next start, and ends with 0', async () => {
    const setting = await begin();
    const { standalone, proxy, volume } = setting;
    await beginBackup(setting, 'running');
    await standalone.client.create(etcdBackups, etcdBackup('waiting'));
    await waitFor(async () => (await standalone.client.get(etcdBackups, { name: 'waiting' })).status?.conditions);
    // What Ctrl-C reaches is the group of the command: no process of a Job may be in it.
    const found = await processesWith(standalone.folder);
    const own = found.find(({ pid }) => pid === standalone.pid);
    expect(found.filter(({ group, pid }) => group === own?.group && pid !== standalone.pid)).toEqual([]);
    const ended = standalone.stop('SIGINT');
    await waitFor(() => standalone.log.includes('ending: nothing is started any more'));
    proxy.heal();
    expect(await ended).toBe(0);
    expect(await commandLines(standalone.folder)).toEqual([]);
    expect(await standingBackups(volume)).toHaveLength(1);

    await standalone.start();
    expect(outcomeOf(await untilDecided(standalone.client, 'running'))).toBe('BackupCompleted');
    expect(outcomeOf(await untilDecided(standalone.client, 'waiting'))).toBe('BackupCompleted');
    expect(await proveAll(standalone, volume)).toHaveLength(2);
  });

  it('ends it when the grace is over, leaves nothing half-done, and takes it again at the next start', async () => {
    const setting = await begin('--grace', '1s');
    const { standalone, proxy, volume } = setting;
    await beginBackup(setting, 'running');
    expect(await standalone.stop('SIGTERM')).toBe(0);
    expect(await commandLines(standalone.folder)).toEqual([]);
    expect(await standingBackups(volume)).toEqual([]);
    expect(await readdir(volume)).toEqual([]);
    proxy.heal();

    await standalone.start();
    expect(outcomeOf(await untilDecided(standalone.client, 'running'))).toBe('BackupCompleted');
    await proveAll(standalone, volume);
    const { items } = await standalone.client.list(resources.jobs, { namespace: BACKUP_NAMESPACE });
    expect(items.map(({ status }) => [status?.succeeded, status?.failed])).toEqual([[1, 1]]);
  });

  it('ends at once when it is asked twice; the backup goes on and is known at the next start', async () => {
    const setting = await begin();
    const { standalone, proxy, volume } = setting;
    await beginBackup(setting, 'running');
    const ended = standalone.stop('SIGTERM');
    await waitFor(() => standalone.log.includes('ending: nothing is started any more'));
    expect(await standalone.stop('SIGTERM')).toBe('SIGTERM');
    await ended;
    proxy.heal();
    await waitFor(async () => (await commandLines(standalone.folder)).length === 0, { timeoutMs: 60_000 });

    await standalone.start();
    expect(outcomeOf(await untilDecided(standalone.client, 'running'))).toBe('BackupCompleted');
    const { items } = await standalone.client.list(resources.jobs, { namespace: BACKUP_NAMESPACE });
    expect(items.map(({ status }) => [status?.succeeded, status?.failed])).toEqual([[1, undefined]]);
    await proveAll(standalone, volume);
  });
});
