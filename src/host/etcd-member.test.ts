import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readEtcdMember } from './etcd-member.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-etcd-member-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function pod(command: readonly string[], image: string, env: readonly { name: string; value: string }[] = []): string {
  const volumeMounts = [{ name: 'data', mountPath: '/var/lib/etcd' }];
  return JSON.stringify({
    spec: {
      containers: [{ name: 'etcd', image, command, env, volumeMounts }],
      volumes: [{ name: 'data', hostPath: { path: '/data/etcd' } }],
    },
  });
}

it('reads the flags of kubeadm, with paths as the host has them', async () => {
  const text = pod(
    [
      'etcd',
      '--name=cp-1',
      '--data-dir=/var/lib/etcd',
      '--wal-dir=/var/lib/etcd/wal',
      '--initial-advertise-peer-urls=https://10.0.0.1:2380',
      '--listen-client-urls=https://127.0.0.1:2379,https://10.0.0.1:2379',
    ],
    'registry.k8s.io/etcd:3.5.15-0',
  );
  expect(await readEtcdMember(root, { path: '/etc/kubernetes/manifests/etcd.yaml', text })).toEqual({
    name: 'cp-1',
    peerUrls: ['https://10.0.0.1:2380'],
    listenPeerUrls: [],
    listenClientUrls: ['https://127.0.0.1:2379', 'https://10.0.0.1:2379'],
    advertiseClientUrls: [],
    dataDir: '/data/etcd',
    walDir: '/data/etcd/wal',
    version: '3.5.15',
  });
});

it("reads OpenShift's script, with the variables of the pod and of etcd.env", async () => {
  const scripts = join(root, 'etc/kubernetes/static-pod-resources/etcd-certs/configmaps/etcd-scripts');
  await mkdir(scripts, { recursive: true });
  await writeFile(
    join(scripts, 'etcd.env'),
    'export NODE_master_0_ETCD_NAME="master-0"\nexport NODE_master_0_IP="10.0.0.5"\n',
  );
  const script = [
    'set -euo pipefail',
    'export ETCD_NAME=${NODE_master_0_ETCD_NAME}',
    'exec nice -n -19 ionice -c2 -n0 etcd \\',
    '  --initial-advertise-peer-urls=https://${NODE_master_0_IP}:2380 \\',
    '  --listen-client-urls=https://0.0.0.0:2379 \\',
    '  --listen-metrics-urls=${UNKNOWN} ||  mv /etc/kubernetes/x /etc/kubernetes/manifests',
  ].join('\n');
  const env = [{ name: 'ETCD_DATA_DIR', value: '/var/lib/etcd' }];
  const text = pod(['/bin/sh', '-c', script], 'quay.io/ocp@sha256:1234', env);
  expect(await readEtcdMember(root, { path: '/etc/kubernetes/manifests/etcd-pod.yaml', text })).toMatchObject({
    name: 'master-0',
    peerUrls: ['https://10.0.0.5:2380'],
    listenClientUrls: ['https://0.0.0.0:2379'],
    dataDir: '/data/etcd',
    walDir: undefined,
    version: undefined,
  });
});
