import { stat } from 'node:fs/promises';
import { createServer, createConnection } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  cuttableProxy,
  etcdReleases,
  fill,
  fillWithKubernetes,
  issuePki,
  judge,
  kubernetesShapedData,
  limitedFiles,
  runCommand,
  smallDisk,
  startCluster,
  temporaryFolder,
  waitFor,
  type Cluster,
} from './kit/index.ts';

describe('a cluster for tests', () => {
  test('of three members with TLS serves, and goes on when one stops and comes back', async () => {
    const cluster = await start({ members: 3, tls: await issuePki({ folder: await temporaryFolder() }) });
    await cluster.etcdctl('put', 'greeting', 'hello');
    const leader = await cluster.leader();
    await leader.stop('SIGKILL');
    await waitFor(() => cluster.leader());
    await cluster.etcdctl('put', 'greeting', 'hello again');
    await leader.start();
    expect(await cluster.etcdctlOn(leader, 'get', 'greeting', '--print-value-only')).toBe('hello again\n');
  });

  test('runs on every release, and asks for a password where told to', async () => {
    for (const release of etcdReleases()) {
      const cluster = await start({ release, auth: { rootPassword: 'winter' } });
      const file = `${await temporaryFolder()}/snapshot.db`;
      await cluster.etcdctl('snapshot', 'save', file);
      expect(JSON.parse(await judge(release, 'snapshot', 'status', file, '-w', 'json'))).toHaveProperty('hash');
      const anonymous = { ...cluster.environment, ETCDCTL_USER: undefined };
      const refused = await runCommand([`${release.folder}/etcdctl`, 'get', 'x'], { env: anonymous });
      expect(refused.stderr).toContain('user name is empty');
    }
  });

  test('listens on IPv6, and takes a learner', async () => {
    const cluster = await start({ host: '::1' });
    const learner = await cluster.addLearner();
    expect(learner.endpoint).toContain('[::1]');
    expect(await cluster.etcdctl('member', 'list')).toMatch(/learner-1.*true/);
  });

  test('says why where etcd does not start', async () => {
    await expect(startCluster({ args: ['--no-such-flag'] })).rejects.toThrow('no-such-flag');
  });

  test('pauses a member without closing its connections', async () => {
    const cluster = await start({});
    const [member] = cluster.members;
    member?.pause();
    await expect(cluster.etcdctl('endpoint', 'health', '--command-timeout=300ms')).rejects.toThrow();
    member?.resume();
    await waitFor(() => cluster.etcdctl('endpoint', 'health'));
  });
});

describe('data for tests', () => {
  test('fills a cluster with keys, history and tombstones, the same for the same seed', async () => {
    const cluster = await start({});
    const { liveKeys, revision } = await fill(cluster, { keys: 2000, valueBytes: 100, seed: 7 });
    expect(await count(cluster, '/fill/')).toBe(liveKeys);
    expect(liveKeys).toBeLessThan(2000);
    expect(revision).toBeGreaterThan(20n);
    const file = `${await temporaryFolder()}/snapshot.db`;
    await cluster.etcdctl('snapshot', 'save', file);
    const status: unknown = JSON.parse(await judge(cluster.release, 'snapshot', 'status', file, '-w', 'json'));
    expect(status).toMatchObject({ revision: Number(revision) });
  });

  test('looks like a control plane, with secrets that look encrypted', async () => {
    const cluster = await start({ auth: { rootPassword: 'autumn' } });
    const encryption = { provider: 'aescbc', keyName: '1' } as const;
    const { liveKeys } = await fillWithKubernetes(cluster, { seed: 3, encryption });
    expect(await count(cluster, '/kubernetes.io/')).toBe(liveKeys);
    const secrets = await cluster.etcdctl('get', '--prefix', '/kubernetes.io/secrets/', '--limit=1');
    expect(secrets).toContain('k8s:enc:aescbc:v1:1:');
    const version = await cluster.etcdctl('get', '/kubernetes.io/config.openshift.io/clusterversions/version');
    expect(version).toContain('"4.17.5"');
    expect(await cluster.etcdctl('get', '/kubernetes.io/namespaces/kube-system')).toContain('k8s\0');
  });

  test('comes out the same for the same seed', () => {
    expect(kubernetesShapedData({ seed: 5 })).toEqual(kubernetesShapedData({ seed: 5 }));
    expect(kubernetesShapedData({ seed: 5 })).not.toEqual(kubernetesShapedData({ seed: 6 }));
  });
});

describe('a small disk', () => {
  test('runs full, and says how', async () => {
    const disk = await smallDisk({ bytes: 64 * 1024 });
    const write = 'require("fs").writeFileSync(process.argv[1], Buffer.alloc(1e6))';
    const result = await runCommand(disk.wrap([process.execPath, '-e', write, `${disk.folder}/file`]));
    expect(result.stderr).toContain(disk.errorCode);
    expect((await stat(`${disk.folder}/file`)).size).toBeLessThanOrEqual(64 * 1024);
  });

  test('is there without any privilege too, as a limit on the size of files', async () => {
    const disk = await limitedFiles(64 * 1024);
    const write = 'require("fs").writeFileSync(process.argv[1], Buffer.alloc(1e6))';
    const result = await runCommand(disk.wrap([process.execPath, '-e', write, `${disk.folder}/file`]));
    expect(result.stderr).toContain('EFBIG');
    expect((await stat(`${disk.folder}/file`)).size).toBe(64 * 1024);
  });
});

test('the test PKI keeps its files private', async () => {
  const { client } = await issuePki({ folder: await temporaryFolder() });
  expect((await stat(client.key)).mode & 0o777).toBe(0o600);
});

describe('a proxy that can be cut', () => {
  test('passes exactly the bytes asked for, then ends the connection', async () => {
    const proxy = await proxyTo(await sourceOfBytes(100_000));
    proxy.cutAfterBytes(12_345);
    expect((await readAll(proxy.address)).length).toBe(12_345);
    expect((await readAll(proxy.address)).length).toBe(0);
    proxy.heal();
    expect((await readAll(proxy.address)).length).toBe(100_000);
  });

  test('goes silent and keeps the connection open', async () => {
    const proxy = await proxyTo(await sourceOfBytes(100_000));
    proxy.goSilentAfterBytes(500);
    let received = 0;
    let closed = false;
    const socket = createConnection(portOf(proxy.address));
    socket.on('data', (chunk) => (received += chunk.length)).on('close', () => (closed = true));
    await waitFor(() => received === 500);
    expect(closed).toBe(false);
    await proxy.close();
    await waitFor(() => closed);
    expect(received).toBe(500);
  });

  test('flips one bit', async () => {
    const proxy = await proxyTo(await sourceOfBytes(1000));
    proxy.flipByteAt(321);
    const bytes = await readAll(proxy.address);
    expect(bytes.findIndex((byte) => byte !== 7)).toBe(321);
    expect(bytes.filter((byte) => byte !== 7)).toHaveLength(1);
  });

  test('slows down', async () => {
    const proxy = await proxyTo(await sourceOfBytes(20_000));
    proxy.slowTo(100_000);
    const before = performance.now();
    await readAll(proxy.address);
    expect(performance.now() - before).toBeGreaterThan(150);
  });
});

async function start(options: Parameters<typeof startCluster>[0]): Promise<Cluster> {
  const cluster = await startCluster(options);
  onTestFinished(() => cluster.stop());
  return cluster;
}

async function count(cluster: Cluster, prefix: string): Promise<number> {
  const fields = await cluster.etcdctl('get', '--prefix', '--count-only', '--write-out=fields', prefix);
  return Number(/"Count" : (\d+)/.exec(fields)?.[1]);
}

async function proxyTo(port: number): ReturnType<typeof cuttableProxy> {
  const proxy = await cuttableProxy(`127.0.0.1:${port}`);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A server that sends so many bytes of value 7 to whoever connects. */
function sourceOfBytes(count: number): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(Buffer.alloc(count, 7));
  });
  onTestFinished(() => void server.close());
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address.port);
    }),
  );
}

function readAll(address: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = createConnection(portOf(address));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

function portOf(address: string): { readonly host: string; readonly port: number } {
  const [host = '', port = ''] = address.split(':');
  return { host, port: Number(port) };
}
