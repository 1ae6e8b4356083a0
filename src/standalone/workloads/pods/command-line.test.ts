import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../test/kit/temporary-folder.ts';
import type { Container, Pod, Volume } from '../../../apiserver/index.ts';
import { commandLine } from './command-line.ts';
import { mapPaths, resolveMounts, type Mount } from './mounts.ts';
import { expandVariables } from './variables.ts';

function podOf(container: Partial<Container>, volumes: readonly Volume[] = []): { pod: Pod; container: Container } {
  const full: Container = { name: 'backup', command: ['holdfast'], ...container };
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'backup-x1',
      namespace: 'openshift-etcd',
      uid: 'u-1',
      resourceVersion: '1',
      creationTimestamp: '',
      labels: { 'batch.kubernetes.io/job-name': 'backup' },
      annotations: { note: 'hello' },
    },
    spec: { nodeName: 'master-0', containers: [full], volumes: [...volumes] },
  };
  return { pod, container: full };
}

function linesOf(container: Partial<Container>, mounts: readonly Mount[] = []): ReturnType<typeof commandLine> {
  const { pod, container: full } = podOf(container);
  return commandLine(pod, full, {
    program: ['/usr/bin/node', '/opt/holdfast.js'],
    mounts,
    terminationFile: '/pods/u-1/termination',
    environment: { KUBECONFIG: '/etc/kubeconfig', HOME: '/root' },
  });
}

const BACKUPS: readonly Mount[] = [{ mountPath: '/backups', hostPath: '/srv/volume' }];

describe('a command line', () => {
  it('is our own program with mounts and the termination file as they are on the host', () => {
    const args = ['backup', '/backups', '--report-file', '/dev/termination-log', '--resources-dir=/backups/keys'];
    expect(linesOf({ args }, BACKUPS).argv).toEqual([
      ...['/usr/bin/node', '/opt/holdfast.js', 'backup', '/srv/volume'],
      ...['--report-file', '/pods/u-1/termination', '--resources-dir=/srv/volume/keys'],
    ]);
  });

  it('has the given variables and the container’s own, which may use each other and the pod’s fields', () => {
    const fields = ['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName'];
    const env = [
      ...fields.map((fieldPath, index) => ({ name: `F${index}`, valueFrom: { fieldRef: { fieldPath } } })),
      { name: 'JOB', valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } } },
      { name: 'NOTE', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['note']" } } },
      { name: 'BOTH', value: '$(JOB)-$(NOTE)-$(LATER)' },
      { name: 'FOLDER', value: '/backups/x' },
      { name: 'LATER', value: '1' },
    ];
    const { env: found, argv } = linesOf({ env, args: ['$(BOTH)', '$$(JOB)', '$(HOME)', '$(FOLDER)'] }, BACKUPS);
    expect(found).toEqual({
      KUBECONFIG: '/etc/kubeconfig',
      HOME: '/root',
      F0: 'backup-x1',
      F1: 'openshift-etcd',
      F2: 'u-1',
      F3: 'master-0',
      JOB: 'backup',
      NOTE: 'hello',
      BOTH: 'backup-hello-$(LATER)',
      FOLDER: '/srv/volume/x',
      LATER: '1',
    });
    expect(argv.slice(2)).toEqual(['backup-hello-$(LATER)', '$(JOB)', '$(HOME)', '/srv/volume/x']);
  });

  it.each([
    [{ command: ['sh', '-c', 'rm -rf /'] }, /only Holdfast's own commands run here/],
    [{ command: ['/usr/bin/holdfast'] }, /this container names "\/usr\/bin\/holdfast"/],
    [{ command: [] }, /this container names no command/],
    [{ env: [{ name: 'X', valueFrom: { secretKeyRef: {} } }] }, /the variable X is to come from a source/],
    [{ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }] }, /names the field spec\.foo/],
    [{ envFrom: [] }, /envFrom is not known here/],
  ])('is refused with a reason: %j', (container, reason) => {
    expect(() => linesOf(container)).toThrow(expect.objectContaining({ code: 'WORKLOAD_POD_REFUSED' }));
    expect(() => linesOf(container)).toThrow(reason);
  });
});

it.each([
  ['$(A)', '1'],
  ['x$(A)$(B)y', 'x12y'],
  ['$(C)', '$(C)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$1'],
  ['$A $ $(', '$A $ $('],
  ['$(toString)', '$(toString)'],
])('expands %s to %s', (text, expanded) => {
  expect(expandVariables(text, { A: '1', B: '2' })).toBe(expanded);
});

it.each([
  ['/backups', '/srv/volume'],
  ['/backups/', '/srv/volume'],
  ['/backups/a/../b', '/srv/volume/b'],
  ['/backups/../etc', '/backups/../etc'],
  ['/backups2', '/backups2'],
  ['backups', 'backups'],
  ['--to=/backups/a', '--to=/srv/volume/a'],
  ['/backups/inner/x', '/srv/other/x'],
])('maps %s to %s', (path, mapped) => {
  expect(mapPaths(path, [{ mountPath: '/backups/inner', hostPath: '/srv/other' }, ...BACKUPS])).toBe(mapped);
});

describe('mounts', () => {
  const resolve = async (volume: Partial<Volume>, mount: { subPath?: string } = {}): Promise<readonly Mount[]> => {
    const volumeMounts = [{ name: 'v', mountPath: '/backups/', ...mount }];
    const { pod, container } = podOf({ volumeMounts }, [{ name: 'v', ...volume }]);
    const claimFolder = ({ namespace, name }: { namespace?: string | undefined; name: string }): Promise<string> =>
      Promise.resolve(`/volumes/${namespace ?? ''}/${name}`);
    return resolveMounts(pod, container, { claimFolder, emptyFolders: await temporaryFolder() });
  };

  it('of claims are the folders of their volumes', async () => {
    expect(await resolve({ persistentVolumeClaim: { claimName: 'pvc' } })).toEqual([
      { mountPath: '/backups', hostPath: '/volumes/openshift-etcd/pvc' },
    ]);
  });

  it('of host paths are made or asked for as their type says', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'there'));
    await writeFile(join(folder, 'file'), '');
    const path = (name: string): string => join(folder, name);
    const made = await resolve({ hostPath: { path: path('new/deep'), type: 'DirectoryOrCreate' } });
    expect(made[0]?.hostPath).toBe(path('new/deep'));
    expect((await stat(path('new/deep'))).mode & 0o777).toBe(0o700);
    await expect(resolve({ hostPath: { path: path('there'), type: 'Directory' } })).resolves.toHaveLength(1);
    for (const name of ['missing', 'file'])
      await expect(resolve({ hostPath: { path: path(name), type: 'Directory' } })).rejects.toMatchObject({
        code: 'WORKLOAD_MOUNT_FAILED',
      });
    await expect(resolve({ hostPath: { path: path('file'), type: 'Socket' } })).rejects.toMatchObject({
      code: 'WORKLOAD_POD_REFUSED',
    });
  });

  it('stay in their volume', async () => {
    const folder = await temporaryFolder();
    const [mount] = await resolve({ hostPath: { path: folder } }, { subPath: 'a/b' });
    expect(mount?.hostPath).toBe(join(folder, 'a/b'));
    for (const subPath of ['..', '../x', 'a/../../x', '/etc'])
      await expect(resolve({ hostPath: { path: folder } }, { subPath })).rejects.toMatchObject({
        code: 'WORKLOAD_POD_REFUSED',
      });
  });

  it('of other kinds are refused', async () => {
    await expect(resolve({ secret: {} })).rejects.toMatchObject({ code: 'WORKLOAD_POD_REFUSED' });
  });
});
