import { describe, expect, it } from 'vitest';
import { FAILURE, OperatorCluster, SUCCESS, type OpenShiftFacts } from '../../../test/kit/operator-cluster.ts';
import { resources } from '../../apiserver/index.ts';
import { etcdBackups } from '../../crd/index.ts';
import type { BeforeUpdateSettings, OpenShiftSettings } from './house-rules.ts';

const MINUTE_MS = 60_000;
const RUNNING = { version: '4.17.3', state: 'Completed', image: 'a', startedTime: '2026-10-01T00:00:00Z' };
const RELEASE = [RUNNING];
const BEGUN = { version: '4.18.1', state: 'Partial', image: 'b', startedTime: '2026-11-22T15:44:00Z' };
const UPDATE: OpenShiftFacts = { history: [BEGUN, RUNNING] };
const NAME = 'before-update-4.18.1-1';

async function clusterWith(
  beforeUpdate: BeforeUpdateSettings = {},
  settings: OpenShiftSettings = { freshHours: 0 },
): Promise<OperatorCluster> {
  const cluster = new OperatorCluster({ openshift: { ...settings, beforeUpdate } });
  await cluster.openshift({ history: RELEASE });
  return cluster;
}

function names(cluster: OperatorCluster): readonly string[] {
  return cluster.api.all(etcdBackups).map(({ metadata }) => metadata.name);
}

function argsOf(cluster: OperatorCluster, name: string): readonly string[] {
  return cluster.jobOf(name)?.spec.template.spec.containers[0]?.args ?? expect.fail(`${name} has no Job`);
}

function now(cluster: OperatorCluster): string {
  return `${cluster.time.now().toISOString().slice(0, 19)}Z`;
}

describe('When an update begins, a backup', () => {
  it('is taken, where that was asked for, with a retention of its own', async () => {
    const cluster = await clusterWith();
    expect(names(cluster)).toEqual([]);
    await cluster.openshift(UPDATE);
    expect(names(cluster)).toEqual([NAME]);
    const args = argsOf(cluster, NAME);
    expect(args).toContain('before-update.holdfast');
    expect(args.slice(args.indexOf('--retain-number')).slice(0, 2)).toEqual(['--retain-number', '3']);
    expect(cluster.api.all(resources.events).map(({ reason }) => reason)).toContain('BackupBeforeUpdate');
    await cluster.end(NAME, SUCCESS);
    await cluster.openshift(UPDATE);
    expect(names(cluster)).toHaveLength(1);
  });

  it('is taken when the update is asked for, and none more when it begins', async () => {
    const cluster = await clusterWith();
    await cluster.openshift({ history: RELEASE, wanted: { version: '4.18.1', image: '' }, generation: 2 });
    expect(names(cluster)).toEqual(['before-update-4.18.1-2']);
    await cluster.end('before-update-4.18.1-2', FAILURE);
    await cluster.pass(5 * MINUTE_MS);
    await cluster.openshift({
      history: [{ ...BEGUN, startedTime: now(cluster) }, RUNNING],
      wanted: { version: '4.18.1', image: '' },
      generation: 2,
    });
    expect(names(cluster)).toHaveLength(1);
  });

  it('is taken for a release that is named by its image alone', async () => {
    const cluster = await clusterWith();
    await cluster.openshift({ history: RELEASE, wanted: { version: '', image: 'b' }, generation: 2 });
    expect(names(cluster)).toEqual(['before-update-release-2']);
  });

  it('is not taken where nothing but a look was asked for, or what runs already', async () => {
    const cluster = await clusterWith();
    for (const wanted of [
      { version: '4.18.1', mode: 'Preflight' },
      { version: '4.17.3', image: 'a' },
    ])
      await cluster.openshift({ history: RELEASE, wanted, generation: 2 });
    expect(names(cluster)).toEqual([]);
  });

  it('is taken again when the same update is tried again another day', async () => {
    const cluster = await clusterWith();
    await cluster.openshift(UPDATE);
    await cluster.end(NAME, SUCCESS);
    await cluster.pass(24 * 60 * MINUTE_MS);
    const back = { ...RUNNING, state: 'Partial', startedTime: now(cluster) };
    await cluster.openshift({ history: [back, BEGUN, RUNNING], generation: 2 });
    expect(names(cluster), 'going back is no update').toHaveLength(1);
    const again = { ...BEGUN, startedTime: now(cluster) };
    await cluster.openshift({ history: [again, back, BEGUN, RUNNING], generation: 3 });
    expect(names(cluster)).toEqual([NAME, 'before-update-4.18.1-3']);
  });

  it('is not taken anew when somebody removes it', async () => {
    const cluster = await clusterWith();
    await cluster.openshift(UPDATE);
    await cluster.api.delete(etcdBackups, { name: NAME });
    await cluster.settle();
    expect(names(cluster)).toEqual([]);
  });

  it('is not taken where nobody asked for it', async () => {
    const cluster = new OperatorCluster({ openshift: { freshHours: 0 } });
    await cluster.openshift(UPDATE);
    expect(names(cluster)).toEqual([]);
  });

  it('is not taken where a good one is young enough, however long the update goes on', async () => {
    const cluster = await clusterWith({ maxAgeMinutes: 60 });
    await cluster.ask('single');
    await cluster.end('single', SUCCESS);
    await cluster.openshift(UPDATE);
    await cluster.pass(20 * MINUTE_MS);
    await cluster.openshift(UPDATE);
    expect(names(cluster)).toHaveLength(1);
    expect(cluster.events().filter((each) => each.startsWith('BackupYoungEnough'))).toEqual([
      'BackupYoungEnough: no backup before the update to 4.18.1: the newest good backup is 0 minutes old',
    ]);
  });

  it('is taken where the newest one was begun too long ago, or was taken although a check refused', async () => {
    const slow = await clusterWith({ maxAgeMinutes: 30 });
    await slow.ask('slow');
    await slow.pod(slow.jobOf('slow') ?? expect.fail('no Job'), 'Running');
    await slow.pass(40 * MINUTE_MS);
    await slow.end('slow', SUCCESS);
    await slow.openshift({ history: [{ ...BEGUN, startedTime: now(slow) }, RUNNING] });
    expect(names(slow)).toContain(NAME);
    const forced = await clusterWith();
    await forced.ask('forced');
    await forced.end('forced', { ...SUCCESS, forced: true });
    await forced.openshift(UPDATE);
    expect(names(forced)).toContain(NAME);
  });

  it('is not taken by an operator that comes up in the midst of it, nor during the installation', async () => {
    const cluster = await clusterWith();
    await cluster.openshift({ history: [{ ...BEGUN, startedTime: '2026-11-22T14:44:00Z' }, RUNNING] });
    await cluster.openshift({ history: [{ version: '4.17.3', state: 'Partial' }] });
    expect(names(cluster)).toEqual([]);
  });
});

describe('A backup before an update', () => {
  it('does not wait for the rollouts of the update, and goes before one that does', async () => {
    const cluster = await clusterWith();
    await cluster.rollout('kube-apiserver', 'already');
    await cluster.ask('patient');
    await cluster.pass(1_000);
    await cluster.openshift(UPDATE);
    expect(argsOf(cluster, NAME)).toContain('--despite-rollout');
    expect(cluster.jobs()).toHaveLength(1);
    await cluster.end(NAME, { ...SUCCESS, forced: true });
    const conditions = cluster.etcdBackup(NAME).status?.conditions ?? [];
    expect(conditions.find(({ status }) => status === 'True')?.message).toContain('__POSSIBLY_DIRTY__');
  });

  it('waits for one that has begun, and is given up where that takes too long', async () => {
    const cluster = await clusterWith();
    await cluster.ask('running');
    await cluster.pod(cluster.jobOf('running') ?? expect.fail('no Job'), 'Running');
    await cluster.openshift(UPDATE);
    await cluster.pass(40 * MINUTE_MS);
    await cluster.end('running', SUCCESS);
    expect(cluster.etcdBackup(NAME).status?.failure).toMatchObject({ code: 'OPERATOR_UPDATE_AHEAD' });
    expect(cluster.jobs()).toHaveLength(1);
  });

  it('is skipped in a cluster that is too young: when it no longer is, the update has gone ahead', async () => {
    const cluster = await clusterWith({}, {});
    await cluster.openshift(UPDATE);
    const types = cluster.etcdBackup(NAME).status?.conditions?.map(({ type, status }) => `${type}=${status}`);
    expect(types).toEqual(['BackupSkipped=True']);
  });

  it('leaves an object that goes when there are enough of them', async () => {
    const cluster = await clusterWith({ keep: 2 });
    for (const minor of [18, 19, 20, 21]) {
      const version = `4.${minor}.0`;
      const generation = minor;
      await cluster.openshift({
        history: [{ version, state: 'Partial', startedTime: now(cluster) }, RUNNING],
        generation,
      });
      await cluster.end(`before-update-${version}-${generation}`, SUCCESS);
      await cluster.pass(120 * MINUTE_MS);
    }
    expect(names(cluster)).toEqual(['before-update-4.20.0-20', 'before-update-4.21.0-21']);
  });
});
