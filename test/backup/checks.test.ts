import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../kit/index.ts';
import { holdfast, startControlPlane, temporaryFolder, type CommandResult } from '../kit/index.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

const OPERATOR = '/kubernetes.io/config.openshift.io/clusteroperators/etcd';

const progressing = () => ({
  status: {
    conditions: [{ type: 'Progressing', status: 'True', message: 'NodeInstallerProgressing: 1 node at revision 8' }],
  },
});

async function refusedAndForced(
  flags: readonly string[] = [],
): Promise<{ refused: CommandResult; forced: CommandResult; names: readonly string[] }> {
  const folder = await temporaryFolder();
  const refused = await plane.backup(folder, flags);
  expect(await readdir(folder)).toEqual([]);
  const forced = await plane.backup(folder, ['--force', ...flags]);
  return { refused, forced, names: (await readdir(folder)).sort() };
}

const dirtyNames = [
  expect.stringMatching(/^backup_[\d_-]+__POSSIBLY_DIRTY__\.json$/),
  expect.stringMatching(/^snapshot_[\d_-]+__POSSIBLY_DIRTY__\.db$/),
  expect.stringMatching(/^static_kuberesources_[\d_-]+__POSSIBLY_DIRTY__\.tar\.gz$/),
];

describe('an operator that rolls out a new revision', () => {
  it('stops the backup with the operator and the command that waits for it; --force goes on and marks the files', async () => {
    const { refused, forced, names } = await plane.withObject(OPERATOR, progressing, () => refusedAndForced());
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('the operator etcd is rolling out a new revision (NodeInstallerProgressing');
    expect(refused.stderr).toContain('oc wait clusteroperator/etcd --for=condition=Progressing=False');
    expect(forced, forced.stderr).toMatchObject({ code: 0 });
    expect(names).toEqual(dirtyNames);
  });

  it('does not matter to a snapshot alone', async () => {
    const folder = await temporaryFolder();
    const run = await plane.withObject(OPERATOR, progressing, () => plane.backup(folder, ['--snapshot-only']));
    expect(run, run.stderr).toMatchObject({ code: 0 });
  });
});

describe('the static pod resources', () => {
  it('go to a folder of their own when asked, and everything finds them there', async () => {
    const [folder, apart] = [await temporaryFolder(), await temporaryFolder()];
    const run = await plane.backup(folder, ['--resources-dir', apart]);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stderr).not.toContain('keep them apart');
    expect(await readdir(folder)).toHaveLength(2);
    expect(await readdir(apart)).toEqual([expect.stringMatching(/^static_kuberesources_/)]);
    const verified = await holdfast('verify', folder);
    expect(verified.code, verified.stdout).toBe(0);
    const pruned = await plane.backup(folder, ['--resources-dir', apart, '--retain-number', '1']);
    expect(pruned, pruned.stderr).toMatchObject({ code: 0 });
    expect(await readdir(apart)).toHaveLength(1);
  });

  it('without the key that values in etcd are encrypted with make no good backup', async () => {
    const root = await temporaryFolder();
    await cp(plane.root, root, { recursive: true, verbatimSymlinks: true });
    const path = join(root, plane.host.encryptionConfig ?? '');
    const config = await readFile(path, 'utf8');
    await writeFile(path, config.replaceAll(/("?name"?: ?)"?1"?/g, '$1"another"'));
    const folder = await temporaryFolder();
    const run = await holdfast('backup', folder, '--host-root', root);
    expect(run, run.stderr).toMatchObject({ code: 5 });
    expect(run.stderr).toContain('KUBE_KEY_MISSING');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('certificates', () => {
  it.each([
    ['installer', 'HOST_INSTALLER_CERTIFICATES'],
    ['expired', 'HOST_CERTIFICATE_EXPIRED'],
  ] as const)('that are %s stop the backup', async (certificates, code) => {
    await using other = await startControlPlane({ certificates });
    const folder = await temporaryFolder();
    const run = await other.backup(folder);
    expect(run, run.stderr).toMatchObject({ code: 3 });
    expect(run.stderr).toContain(code);
    expect(await readdir(folder)).toEqual([]);
    expect((await other.backup(folder, ['--force'])).code).toBe(0);
    expect((await readdir(folder)).sort()).toEqual(dirtyNames);
  });
});

describe('an API server that cannot be asked', () => {
  it('stops the backup, since nobody knows whether a rollout is going on', async () => {
    await plane.stopApiServer();
    const { refused, forced, names } = await refusedAndForced();
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('BACKUP_ROLLOUT_UNKNOWN');
    expect(forced, forced.stderr).toMatchObject({ code: 0 });
    expect(names).toEqual(dirtyNames);
  });
});

describe('a host that is not whole', () => {
  it.each([
    ['etc/kubernetes/manifests/kube-scheduler-pod.yaml', /kube-scheduler-pod\.yaml/],
    ['etc/kubernetes/static-pod-resources/etcd-pod-3', /etcd-pod-3/],
  ])('without %s is refused with the name of what is missing', async (missing, message) => {
    const root = await temporaryFolder();
    await cp(plane.root, root, { recursive: true, verbatimSymlinks: true });
    await rm(join(root, missing), { recursive: true });
    const folder = await temporaryFolder();
    const run = await holdfast('backup', folder, '--host-root', root);
    expect(run, run.stderr).toMatchObject({ code: 8 });
    expect(run.stderr).toMatch(message);
    expect(await readdir(folder)).toEqual([]);
  });
});
