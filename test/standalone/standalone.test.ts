import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { etcdBackups, outcomeOf } from '../../src/crd/index.ts';
import { makeTemporaryFolder, newestRelease, runCommand, succeed } from '../kit/index.ts';
import { etcdBackup, RunningStandalone, untilDecided } from '../kit/running-standalone.ts';

describe('holdfast standalone', () => {
  let standalone: RunningStandalone;
  beforeAll(async () => {
    standalone = await RunningStandalone.start({
      folder: await makeTemporaryFolder(),
      args: ['--enable-backups', '--embedded-etcd', '--etcd-binary', join(newestRelease().folder, 'etcd')],
    });
  });
  afterAll(async () => {
    await standalone.stop('SIGKILL');
    await rm(standalone.folder, { recursive: true, force: true });
  });

  it('keeps its kubeconfig and all its data to its owner', async () => {
    expect((await stat(standalone.kubeconfig)).mode & 0o777).toBe(0o600);
    expect((await stat(join(standalone.folder, 'data'))).mode & 0o777).toBe(0o700);
  });

  it('backs up the etcd for trial to the default place where no claim is named', async () => {
    await succeed([join(newestRelease().folder, 'etcdctl'), ...standalone.etcd, 'put', 'a', 'b']);
    await standalone.client.create(etcdBackups, etcdBackup('first'));
    const done = await untilDecided(standalone.client, 'first');
    expect(outcomeOf(done)).toBe('BackupCompleted');
    expect(await readdir(join(standalone.folder, 'default'))).toContain(done.status?.backup?.folder);
  });

  it('says whether it is well, and how its backups are', async () => {
    const metrics = await (await fetch(`${standalone.metricsUrl}/metrics`)).text();
    expect(metrics).toContain('holdfast_');
    expect((await fetch(`${standalone.metricsUrl}/readyz`)).status).toBe(200);
  });

  it('lets no second engine at its data', async () => {
    await expect(RunningStandalone.start({ folder: standalone.folder })).rejects.toThrow(/STORE_LOCKED|holds|locked/i);
  });

  it('ends with 0 when it is asked to, and its etcd with it', async () => {
    expect(await standalone.stop()).toBe(0);
    const { stdout } = await runCommand(['ps', '-eo', 'args']);
    expect(stdout).not.toContain(`--data-dir=${standalone.folder}`);
  });

  it('finds everything again at the next start', async () => {
    await standalone.start();
    expect(outcomeOf(await untilDecided(standalone.client, 'first'))).toBe('BackupCompleted');
  });
});
