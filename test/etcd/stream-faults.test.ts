import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectMember, streamSnapshot, type Member, type SnapshotStreamOptions } from '../../src/etcd/index.ts';
import { cuttableProxy, etcdReleases, startCluster, waitFor, type Cluster, type CuttableProxy } from '../kit/index.ts';
import { checksumHolds, endpointOf, failureOf, fill, memberForTest, takeSnapshot } from './client.ts';

const MEGABYTES = 24;
const SOME = 5_000_000;

describe.each(etcdReleases())('a snapshot stream from etcd $version', (release) => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ release });
    const member = connectMember(endpointOf(cluster.endpoints[0] ?? ''));
    await fill(member, MEGABYTES);
    member.close();
  });
  afterAll(() => cluster.stop());

  async function throughProxy(): Promise<{ proxy: CuttableProxy; member: Member }> {
    const proxy = await cuttableProxy(cluster.endpoints[0] ?? '');
    onTestFinished(() => proxy.close());
    return { proxy, member: memberForTest(`http://${proxy.address}`) };
  }

  test('tells its whole length from the first chunk on', async () => {
    const { member } = await throughProxy();
    const seen: { received: number; total: number }[] = [];
    let bytes = 0;
    const { totalBytes } = await streamSnapshot(member, {
      onChunk: (chunk, progress) => {
        bytes += chunk.length;
        seen.push({ received: progress.receivedBytes, total: progress.totalBytes });
      },
    });
    expect(bytes).toBe(totalBytes);
    expect(new Set(seen.map(({ total }) => total))).toEqual(new Set([totalBytes]));
    expect(seen.at(-1)?.received).toBe(totalBytes);
  });

  test('that is cut off half-way fails as broken', async () => {
    const { proxy, member } = await throughProxy();
    proxy.cutAfterBytes(SOME);
    const error = await failureOf(takeSnapshot(member));
    expect(error).toMatchObject({ code: 'ETCD_STREAM_BROKEN', kind: 'transient', subject: member.endpoint.url });
    proxy.heal();
    expect(checksumHolds((await takeSnapshot(member)).bytes)).toBe(true);
  });

  test('that goes silent half-way fails within the idle time', async () => {
    const { proxy, member } = await throughProxy();
    proxy.goSilentAfterBytes(SOME);
    let last = 0;
    const options: SnapshotStreamOptions = { idleTimeoutMs: 400, onChunk: () => void (last = performance.now()) };
    expect(await failureOf(streamSnapshot(member, options))).toMatchObject({ code: 'ETCD_STREAM_IDLE' });
    const waited = performance.now() - last;
    expect(waited).toBeGreaterThan(350);
    expect(waited).toBeLessThan(10_000);
  });

  test('that is silent from the start fails in bounded time', async () => {
    const { proxy, member } = await throughProxy();
    proxy.goSilentAfterBytes(0);
    const stream = streamSnapshot(member, { idleTimeoutMs: 300, onChunk: () => undefined });
    expect(await failureOf(stream)).toMatchObject({ code: 'ETCD_TIMEOUT' });
  });

  test('whose bytes are altered on the way fails, or its checksum does', async () => {
    const { proxy, member } = await throughProxy();
    proxy.flipByteAt(SOME);
    const good = await takeSnapshot(member).then(
      ({ bytes }) => checksumHolds(bytes),
      () => false,
    );
    expect(good).toBe(false);
  });

  test('is ended by its signal at once', async () => {
    const { member } = await throughProxy();
    const controller = new AbortController();
    const reason = new Error('the operator pressed Ctrl-C');
    let after = 0;
    const stream = streamSnapshot(member, {
      signal: controller.signal,
      onChunk: (_chunk, { receivedBytes }) => {
        if (controller.signal.aborted) after++;
        if (receivedBytes > SOME) controller.abort(reason);
      },
    });
    await expect(stream).rejects.toBe(reason);
    expect(after).toBe(0);
    expect(checksumHolds((await takeSnapshot(member)).bytes)).toBe(true);
  });

  test('is ended by its taker with whatever the taker throws', async () => {
    const { member } = await throughProxy();
    const full = new Error('no space left on device');
    const throwing = streamSnapshot(member, {
      onChunk: () => {
        throw full;
      },
    });
    await expect(throwing).rejects.toBe(full);
    const rejecting = streamSnapshot(member, { onChunk: () => Promise.reject(full) });
    await expect(rejecting).rejects.toBe(full);
  });

  test('waits for a slow taker: little is read ahead, and the wait is no silence', async () => {
    const { proxy, member } = await throughProxy();
    const idleTimeoutMs = 300;
    let goOn = (): void => undefined;
    const stalled = new Promise<void>((resolve) => (goOn = resolve));
    let chunks = 0;
    const stream = streamSnapshot(member, {
      idleTimeoutMs,
      onChunk: () => (chunks++ === 20 ? stalled : undefined),
    });
    await waitFor(() => chunks === 21);
    let before = -1;
    await waitFor(
      () => {
        const still = proxy.forwarded === before;
        before = proxy.forwarded;
        return still;
      },
      { everyMs: 2 * idleTimeoutMs },
    );
    expect(chunks).toBe(21);
    expect(proxy.forwarded).toBeLessThan((MEGABYTES / 2) * 1_000_000);
    goOn();
    expect((await stream).totalBytes).toBeGreaterThan(MEGABYTES * 1_000_000);
  });

  test('breaks when its member dies', async () => {
    const { proxy, member } = await throughProxy();
    proxy.slowTo(20_000_000);
    let killed = false;
    const stream = streamSnapshot(member, {
      idleTimeoutMs: 5_000,
      onChunk: (_chunk, { receivedBytes }) => {
        if (killed || receivedBytes < 1_000_000) return;
        killed = true;
        process.kill(cluster.members[0]?.pid ?? 0, 'SIGKILL');
      },
    });
    expect(await failureOf(stream)).toMatchObject({ code: 'ETCD_STREAM_BROKEN' });
    await waitFor(() => cluster.members[0]?.isRunning === false);
    await cluster.members[0]?.start();
  });
});
