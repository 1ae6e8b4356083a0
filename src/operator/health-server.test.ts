import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLog } from '../base/index.ts';
import { startHealthServer, type HealthServer, type Watched } from './health-server.ts';

async function* parts(...all: readonly string[]): AsyncGenerator<string, void> {
  for (const part of all) yield await Promise.resolve(part);
}

/** Fails after these. */
async function* failing(...all: readonly string[]): AsyncGenerator<string, void> {
  yield* parts(...all);
  throw new Error('MARKER');
}

async function serve(watched: Partial<Watched> = {}): Promise<HealthServer> {
  const complete = { metrics: () => parts('figure 1\n', 'figure 2\n'), isReady: () => true, ...watched };
  const server = await startHealthServer(complete, { port: 0, log: silentLog });
  onTestFinished(() => server.close());
  return server;
}

describe('The health server', () => {
  it('listens on loopback alone', async () => {
    expect((await serve()).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('gives the metrics in the text format of Prometheus', async () => {
    const answer = await fetch(`${(await serve()).url}/metrics?any=thing`);
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await answer.text()).toBe('figure 1\nfigure 2\n');
  });

  it('says that the process works, and apart from that whether it is ready', async () => {
    const { url } = await serve({ isReady: () => false });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
  });

  it('keeps the reason to itself where the metrics cannot be put together', async () => {
    const { url } = await serve({ metrics: () => failing() });
    const answer = await fetch(`${url}/metrics`);
    expect([answer.status, (await answer.text()).includes('MARKER')]).toEqual([500, false]);
  });

  it('cuts the answer short where they fail later, so that nobody takes a half for the whole', async () => {
    const { url } = await serve({ metrics: () => failing('figure 1\n') });
    await expect(fetch(`${url}/metrics`).then((answer) => answer.text())).rejects.toThrow();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it.each<[string, string, number]>([
    ['POST', '/metrics', 405],
    ['DELETE', '/healthz', 405],
    ['GET', '/', 404],
    ['GET', '/metrics/..%2f', 404],
    ['HEAD', '/healthz', 200],
    ['HEAD', '/metrics', 200],
  ])('answers %s %s with %i', async (method, path, status) => {
    const { url } = await serve();
    expect((await fetch(`${url}${path}`, { method })).status).toBe(status);
  });

  it('refuses headers without end', async () => {
    const { url } = await serve();
    const answer = fetch(`${url}/healthz`, { headers: { long: 'x'.repeat(20_000) } });
    expect((await answer).status).toBe(431);
  });

  it('ends open connections when it closes', async () => {
    const server = await serve();
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.on('error', () => undefined);
    socket.write('GET /healthz HTTP/1.1\r\n');
    await server.close();
    await ended;
  });

  it('names the address that it cannot listen on', async () => {
    const { port } = new URL((await serve()).url);
    const second = startHealthServer(
      { metrics: () => parts(), isReady: () => true },
      { port: Number(port), log: silentLog },
    );
    await expect(second).rejects.toMatchObject({
      code: 'OPERATOR_HEALTH_ADDRESS',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
  });
});
