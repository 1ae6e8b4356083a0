import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runHoldfast, temporaryFolder, waitFor } from '../kit/index.ts';

interface NoServer {
  readonly kubeconfig: string;
  /** How often it was asked in vain. */
  readonly attempts: () => number;
}

/** Hangs up on everybody. */
async function noServer(): Promise<NoServer> {
  let attempts = 0;
  const server = createServer((socket) => {
    attempts += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const kubeconfig = join(await temporaryFolder(), 'kubeconfig');
  const config = {
    clusters: [{ name: 'gone', cluster: { server: `https://127.0.0.1:${(server.address() as AddressInfo).port}` } }],
    users: [{ name: 'somebody', user: { token: 'any' } }],
    contexts: [{ name: 'gone', context: { cluster: 'gone', user: 'somebody' } }],
    'current-context': 'gone',
  };
  await writeFile(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...config }), { mode: 0o600 });
  return { kubeconfig, attempts: () => attempts };
}

/** Between two attempts nothing but a timer holds the process. */
describe('an API server that cannot be reached', () => {
  it('is waited for by a scheduled run until its time is over, which it says', async () => {
    const { kubeconfig, attempts } = await noServer();
    const args = ['request-backup', '--series', 'nightly', '--kubeconfig', kubeconfig, '--timeout', '5s'];
    const run = await runHoldfast(args, {
      env: { PATH: process.env['PATH'], MY_JOB_NAME: 'nightly-1', MY_JOB_UID: '5ea91210-55c2-4256-a6ab-cf898aeb5c36' },
    });
    expect([run.code, run.stderr]).toEqual([expect.any(Number), expect.stringContaining('OPERATOR_REQUEST_TIMEOUT')]);
    expect(run.stderr).toContain('waiting for the API server');
    expect(attempts()).toBeGreaterThan(1);
  });

  it('is waited for by the operator, though it serves no metrics', async () => {
    const { kubeconfig, attempts } = await noServer();
    const args = ['operator', '--layout', 'kubeadm', '--image', 'holdfast', '--no-metrics', '--kubeconfig', kubeconfig];
    let pid = 0;
    let hasEnded = false;
    const run = runHoldfast(args, { env: { PATH: process.env['PATH'] }, onStart: (started) => (pid = started) });
    void run.then(() => (hasEnded = true));
    await waitFor(() => hasEnded || attempts() > 4, { what: 'further attempts' });
    expect(hasEnded).toBe(false);
    process.kill(pid, 'SIGTERM');
    expect((await run).code).toBe(0);
  });
});
