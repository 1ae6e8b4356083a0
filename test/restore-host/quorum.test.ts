import { expect, it } from 'vitest';
import { standingHost } from '../kit/index.ts';

it('a member that has lost its quorum goes on alone with all of its data, and can be put back', async () => {
  const host = await standingHost();
  await host.put('/registry/test/state', 'kept');
  const last = await host.revision();
  // A second member that nobody runs: from now on one of two is no majority.
  await host.etcdctl('member', 'add', 'ghost', '--peer-urls=https://127.0.0.1:1');
  await expect(host.etcdctl('put', '/registry/test/state', 'refused', '--command-timeout=1s')).rejects.toThrow();

  const dry = await host.holdfast('restore', 'quorum', '--dry-run');
  expect(dry.code, dry.stderr).toBe(0);
  const run = await host.holdfast('restore', 'quorum', '--yes');
  expect(run.code, run.stderr).toBe(0);
  expect(await host.get('/registry/test/state')).toBe('kept');
  await host.put('/registry/test/state', 'written');
  expect(await host.revision()).toBeGreaterThan(last + 1_000_000n);
  expect((await host.etcdctl('member', 'list')).trim().split('\n')).toHaveLength(1);

  const back = await host.holdfast('restore', 'quorum', '--rollback', '--yes');
  expect(back.code, back.stderr).toBe(0);
  await host.kubelet.settled(host.manifestNames);
  await expect(host.etcdctl('put', '/registry/test/state', 'refused', '--command-timeout=1s')).rejects.toThrow();
});

it('a member that was killed before its database had everything is refused until it has replayed its log', async () => {
  // The database is written at the end, and not once before.
  const host = await standingHost({ etcdFlags: ['--backend-batch-interval=1h'] });
  await host.put('/registry/test/state', 'only in the log');
  await host.stop('SIGKILL');
  const before = await host.picture();
  const refused = await host.holdfast('restore', 'quorum', '--yes', '--no-wait-apiserver', '--timeout', '5s');
  expect(refused.code, refused.stderr).toBe(12);
  expect(refused.stderr).toContain('in the log and not in');
  expect(await host.picture()).toEqual(before);

  await host.start();
  await host.serving();
  const run = await host.holdfast('restore', 'quorum', '--yes');
  expect(run.code, run.stderr).toBe(0);
  expect(await host.get('/registry/test/state')).toBe('only in the log');
});
