import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ControlPlane } from '../kit/index.ts';
import { holdfast, startControlPlane, temporaryFolder } from '../kit/index.ts';

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

const quiet = JSON.stringify({ status: { conditions: [{ type: 'Progressing', status: 'False' }] } });

/** Has the operator begin a rollout as soon as it has said that it has none. */
function beginOnceAsked(): void {
  plane.apiServer.beforeAnswer = async (path) => {
    if (!path.endsWith('/clusteroperators/etcd')) return;
    plane.apiServer.beforeAnswer = () => Promise.resolve();
    await plane.cluster.etcdctlReading(JSON.stringify(progressing()), 'put', OPERATOR);
  };
}

describe('an operator that begins a rollout while the backup is taken', () => {
  it('makes it no backup; --force begins again and marks the files', async () => {
    const folder = await temporaryFolder();
    const unchanged = (object: Record<string, unknown>): unknown => object;
    const overtaken = await plane.withObject(OPERATOR, unchanged, () => {
      beginOnceAsked();
      return plane.backup(folder);
    });
    expect(overtaken.code).toBe(3);
    expect(overtaken.stderr).toContain('BACKUP_ROLLOUT_BEGAN');
    expect(await readdir(folder)).toEqual([]);
    const forced = await plane.withObject(OPERATOR, unchanged, () => {
      beginOnceAsked();
      return plane.backup(folder, ['--force']);
    });
    expect(forced, forced.stderr).toMatchObject({ code: 0 });
    expect((await readdir(folder)).every((name) => name.includes('__POSSIBLY_DIRTY__'))).toBe(true);
  });

  it('is waited for where that is asked for, and the backup is taken when it is over', async () => {
    const folder = await temporaryFolder();
    let asked = 0;
    const run = await plane.withObject(OPERATOR, progressing, () => {
      plane.apiServer.beforeAnswer = async (path) => {
        if (!path.endsWith('/clusteroperators/etcd') || ++asked > 1) return;
        await plane.cluster.etcdctlReading(quiet, 'put', OPERATOR);
      };
      return plane.backup(folder, ['--rollout-wait', '5m']);
    });
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stderr).toMatch(/waiting, for \d+ s at most: the operator etcd is rolling out/);
    expect(asked).toBeGreaterThan(2);
    expect((await readdir(folder)).every((name) => !name.includes('DIRTY'))).toBe(true);
  });
});

describe('what OpenShift says of itself in the snapshot', () => {
  async function manifestOf(folder: string): Promise<{ cluster: object; encryption: object }> {
    const name = (await readdir(folder)).find((each) => each.startsWith('backup_')) ?? '';
    return JSON.parse(await readFile(join(folder, name), 'utf8')) as { cluster: object; encryption: object };
  }

  it('stands in the manifest', async () => {
    const folder = await temporaryFolder();
    const run = await plane.backup(folder);
    expect(run, run.stderr).toMatchObject({ code: 0 });
    const { cluster, encryption } = await manifestOf(folder);
    const clusterId = '6f5b1c0e-8a55-4c0e-9d0a-3d8f1f4c2b11';
    expect(cluster).toMatchObject({
      openshiftVersion: '4.17.5',
      openshift: { clusterId, infrastructureName: 'demo-x7k2p', controlPlaneTopology: 'HighlyAvailable' },
    });
    const apiServer = { name: 'kube-apiserver', encrypted: 'True', reason: 'EncryptionCompleted', changing: false };
    expect(encryption).toMatchObject({ openshift: { type: 'aescbc', apiServers: [apiServer] } });
  });

  it('tells of an update and of a new encryption that were under way', async () => {
    const folder = await temporaryFolder();
    const updating = () => ({
      status: {
        desired: { version: '4.17.6' },
        history: [
          { state: 'Partial', version: '4.17.6' },
          { state: 'Completed', version: '4.17.5' },
        ],
      },
    });
    const encrypting = () => ({
      status: { conditions: [{ type: 'Encrypted', status: 'False', reason: 'EncryptionInProgress' }] },
    });
    const run = await plane.withObject('/kubernetes.io/config.openshift.io/clusterversions/version', updating, () =>
      plane.withObject('/kubernetes.io/operator.openshift.io/kubeapiservers/cluster', encrypting, () =>
        plane.backup(folder),
      ),
    );
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stderr).toContain('the kube-apiserver was writing its objects anew');
    const { cluster, encryption } = await manifestOf(folder);
    expect(cluster).toMatchObject({ openshiftVersion: '4.17.5', openshift: { updatingTo: '4.17.6' } });
    expect(encryption).toMatchObject({ openshift: { apiServers: [{ changing: true }] } });
    expect((await holdfast('list', folder)).stdout).toContain('openshift 4.17.5 going to 4.17.6');
    const verified = await holdfast('verify', folder);
    expect(verified, verified.stdout).toMatchObject({ code: 0 });
    expect(`${verified.stdout}${verified.stderr}`).toContain('KUBE_ENCRYPTION_CHANGING');
  });
});

describe('a cluster-wide proxy', () => {
  it('that the environment lacks is reported with the lines to run, and is no reason to refuse', async () => {
    const proxy = () => ({ spec: { httpProxy: 'http://proxy.example.com:8080', noProxy: '.cluster.local' } });
    const folder = await temporaryFolder();
    const env = { ...process.env, HTTP_PROXY: undefined, HTTPS_PROXY: undefined, NO_PROXY: undefined };
    const run = await plane.withObject('/kubernetes.io/config.openshift.io/proxies/cluster', proxy, () =>
      plane.backup(folder, [], { env }),
    );
    expect(run, run.stderr).toMatchObject({ code: 0 });
    expect(run.stderr).toContain('export HTTP_PROXY=http://proxy.example.com:8080\nexport NO_PROXY=.cluster.local\n');
    const name = ['--name', 'nightly', '--uid', 'f00d'];
    const automated = await plane.withObject('/kubernetes.io/config.openshift.io/proxies/cluster', proxy, () =>
      plane.backup(folder, name, { env }),
    );
    expect(automated, automated.stderr).toMatchObject({ code: 0 });
    expect(automated.stderr).not.toContain('HTTP_PROXY');
  });

  it('in the environment is never used for etcd or the API server', async () => {
    const folder = await temporaryFolder();
    const nowhere = 'http://127.0.0.1:9';
    const env = {
      ...process.env,
      HTTP_PROXY: nowhere,
      HTTPS_PROXY: nowhere,
      http_proxy: nowhere,
      https_proxy: nowhere,
      grpc_proxy: nowhere,
      // From Node 24 on its own clients heed the variables where this is set.
      NODE_USE_ENV_PROXY: '1',
    };
    const run = await plane.backup(folder, [], { env });
    expect(run, run.stderr).toMatchObject({ code: 0 });
  });
});
