import { describe, expect, it } from 'vitest';
import { standingHost, type StandingHost } from '../kit/index.ts';
import { Killable } from './killable.ts';

interface Stage {
  readonly host: StandingHost;
  readonly killable: Killable;
  readonly backup: string;
  readonly before: ReadonlyMap<string, string>;
}

async function stage(layout: 'kubeadm' | 'openshift'): Promise<Stage> {
  const host = await standingHost({ layout, encryption: true });
  await host.put('/registry/test/state', 'old');
  const backup = await host.backup('backups');
  await host.put('/registry/test/state', 'new');
  return { host, killable: await Killable.prepare(host), backup, before: await host.picture() };
}

async function isWhole({ host }: Stage, state: string): Promise<void> {
  await host.kubelet.settled(host.manifestNames);
  await host.serving();
  expect(await host.get('/registry/test/state')).toBe(state);
}

describe('a restore that is killed', () => {
  it(
    'at every step in turn, before and after it, goes on to its end, and so does its rollback',
    { timeout: 400_000 },
    async () => {
      const all = await stage('kubeadm');
      const { host, killable, backup, before } = all;
      expect(await killable.crawl(backup)).toBeGreaterThan(40);
      await isWhole(all, 'old');
      expect(await killable.crawl('--rollback')).toBeGreaterThan(40);
      await isWhole(all, 'new');
      expect(await host.picture()).toEqual(before);
    },
  );

  it('at a step and rolled back leaves the old control plane whole', { timeout: 400_000 }, async () => {
    const all = await stage('openshift');
    const { host, killable, backup, before } = all;
    const places = [
      'begin build-data',
      'done build-data',
      'begin stage-resources',
      'done stop kube-apiserver',
      'begin stop etcd',
      'done stop etcd',
      'done stopped',
      'begin save /var/lib/etcd',
      'done save /var/lib/etcd',
      'begin fill /var/lib/etcd',
      'done fill /var/lib/etcd',
      'done save /etc/kubernetes/static-pod-resources',
      'done lay /etc/kubernetes/static-pod-resources',
      'begin start etcd',
      'done start etcd',
      'done etcd',
      'done start kube-scheduler',
    ];
    for (const place of places) {
      expect(await killable.run(backup, place), place).toBe('killed');
      expect(await killable.run('--rollback', ''), place).toBe('finished');
      await isWhole(all, 'new');
      expect(await host.picture(), place).toEqual(before);
    }
  });
});
