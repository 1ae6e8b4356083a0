import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { etcdBackups, outcomeOf } from '../../src/crd/index.ts';
import { fill, judge, newestRelease, runCommand, startCluster, succeed, temporaryFolder } from '../kit/index.ts';
import { etcdBackup, RunningStandalone, untilDecided } from '../kit/running-standalone.ts';
import { buildAgain, buildPackage, readBill, type BuiltPackage } from './built-package.ts';

describe('the executable for hosts without Node', () => {
  let built: BuiltPackage;
  beforeAll(async () => {
    built = await buildPackage('executable');
  });
  afterAll(() => rm(built.folder, { recursive: true, force: true }));

  it('has backed up, verified and restored on a real etcd before it is called built', () => {
    expect(built.said).toContain('backed up, verified and restored, with an empty environment');
  });

  it('is the same to the byte when it is built again', async () => {
    const again = await buildAgain('executable');
    onTestFinished(() => rm(again.folder, { recursive: true, force: true }));
    expect(again.sums).toBe(built.sums);
  });

  it('reads a large snapshot with its threads, and judges it as etcd does', async () => {
    const folder = await temporaryFolder();
    const cluster = await startCluster();
    onTestFinished(() => cluster.stop());
    await fill(cluster, { keys: 2500, valueBytes: 10_000 });
    const snapshot = join(folder, 'snapshot.db');
    await cluster.etcdctl('snapshot', 'save', snapshot);
    const ours: unknown = JSON.parse(await succeed([built.path, 'status', snapshot, '-o', 'json'], { env: {} }));
    expect(ours).toMatchObject(
      JSON.parse(await judge(newestRelease(), 'snapshot', 'status', snapshot, '-w', 'json')) as object,
    );
  });

  it('runs as standalone, and its pods are the executable again', async () => {
    const folder = await temporaryFolder();
    // What the pods' shell needs; there is no Node to be found.
    const programs = join(folder, 'bin');
    await mkdir(programs);
    for (const name of ['ln', 'mv']) await symlink(await pathOf(name), join(programs, name));
    const standalone = await RunningStandalone.start({
      folder,
      program: [built.path],
      args: ['--enable-backups', '--embedded-etcd', '--etcd-binary', join(newestRelease().folder, 'etcd')],
      env: { PATH: programs },
    });
    onTestFinished(async () => {
      await standalone.stop('SIGKILL');
    });
    await standalone.client.create(etcdBackups, etcdBackup('first'));
    const done = await untilDecided(standalone.client, 'first', 120_000);
    expect(outcomeOf(done)).toBe('BackupCompleted');
    const backup = join(folder, 'default', done.status?.backup?.folder ?? '');
    await succeed([built.path, 'verify', backup], { env: {} });
    expect(await standalone.stop()).toBe(0);
  });

  it('takes in no module that lies beside it', async () => {
    const folder = await temporaryFolder();
    const module = join(folder, 'node_modules', '@node-rs', 'crc32');
    await mkdir(module, { recursive: true });
    await writeFile(join(module, 'index.js'), 'console.log("taken in"); exports.crc32c = () => 0;');
    const executable = join(folder, 'holdfast');
    await succeed(['cp', built.path, executable]);
    const { stdout } = await runCommand([executable, 'status', executable], { env: {}, cwd: folder });
    expect(stdout).not.toContain('taken in');
  });

  it('comes with a bill of materials and the licences of what is in it', async () => {
    const { components } = await readBill(built);
    expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(['@grpc/grpc-js', 'zod', 'node']));
    expect(components.map(({ name }) => name)).not.toContain('@node-rs/crc32');
    const licences = await readFile(`${built.path}.licenses.txt`, 'utf8');
    for (const { name, version } of components)
      expect(licences.toLowerCase()).toContain(`${name} ${version}`.toLowerCase());
  });
});

/** Where a program of the system lies. */
async function pathOf(program: string): Promise<string> {
  return (await succeed(['sh', '-c', `command -v ${program}`])).trim();
}
