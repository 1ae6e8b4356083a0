import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backupDefinition, etcdBackupDefinition } from '../../src/crd/index.ts';
import type { PodLogRequest } from '../../src/standalone/api/index.ts';
import { makeTemporaryFolder, waitFor } from '../kit/index.ts';
import { Kubectl, KUBECTL_SUITES, type KubectlRunner } from './kubectl.ts';
import { podToken, serveApi, type ServedApi } from './served-api.ts';

const job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'job' },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'i' }] } } },
};

const etcdBackup = {
  apiVersion: 'operator.openshift.io/v1alpha1',
  kind: 'EtcdBackup',
  metadata: { name: 'etcd-single-backup', namespace: 'openshift-etcd' },
  spec: { pvcName: 'etcd-backup-pvc' },
};

async function* log({ follow }: PodLogRequest): AsyncGenerator<Uint8Array> {
  yield Buffer.from('begun\n');
  await Promise.resolve();
  if (follow) yield Buffer.from('ended\n');
}

describe.each(KUBECTL_SUITES)('kubectl of %s', (suite) => {
  let served: ServedApi;
  let kubectl: Kubectl;
  let k: KubectlRunner;

  beforeAll(async () => {
    const folder = await makeTemporaryFolder();
    kubectl = await Kubectl.provide(suite, join(folder, 'home'));
    served = await serveApi({ folder, readPodLog: (request) => Promise.resolve(log(request)) });
    k = kubectl.with(served.kubeconfig);
    await k.apply({ apiVersion: 'v1', kind: 'List', items: [backupDefinition, etcdBackupDefinition] });
  });
  afterAll(() => served.close());

  it('finds the kinds that definitions bring', async () => {
    expect(await k.out('get', 'crd')).toMatch(
      /backups\.config\.openshift\.io +\S+\netcdbackups\.operator\.openshift\.io/,
    );
    expect(await k.out('wait', '--for', 'condition=established', 'crd/backups.config.openshift.io')).toContain(
      'condition met',
    );
    expect(await k.out('api-resources')).toMatch(/etcdbackups .*EtcdBackup/);
    expect(await k.out('explain', 'etcdbackup.spec')).toContain('pvcName');
    expect(await k.out('explain', 'job.spec.template.spec.containers')).toContain('image');
  });

  it('applies an object once, and again without a change', async () => {
    expect(await k.apply(etcdBackup)).toBe('etcdbackup.operator.openshift.io/etcd-single-backup created');
    expect(await k.apply(etcdBackup)).toBe('etcdbackup.operator.openshift.io/etcd-single-backup unchanged');
    const labelled = { ...etcdBackup, metadata: { ...etcdBackup.metadata, labels: { a: 'b' } } };
    expect(await k.apply(labelled)).toBe('etcdbackup.operator.openshift.io/etcd-single-backup configured');
    expect(await k.out('get', 'etcdbackup', '-l', 'a in (b,c)')).toContain('etcd-single-backup');
    expect(await k.out('describe', 'etcdbackup', 'etcd-single-backup')).toContain('Kind:         EtcdBackup');
    expect(await k.out('get', 'etcdbackup', '-o', 'jsonpath={.items[0].spec.pvcName}')).toBe('etcd-backup-pvc');
  });

  it('says what is wrong with an object before it is sent, or after', async () => {
    const unknown = { ...etcdBackup, metadata: { name: 'odd' }, spec: { pvcName: 'a', colour: 'red' } };
    const refused = await k.run(['create', '-f', '-'], JSON.stringify(unknown));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/unknown field "(spec\.)?colour"/)]);
    const invalid = { ...etcdBackup, metadata: { name: 'Not_A_Name' } };
    const { stderr } = await k.run(['create', '-f', '-'], JSON.stringify(invalid));
    expect(stderr).toMatch(/^The EtcdBackup "Not_A_Name" is invalid: metadata\.name: Invalid value/);
    const other = { ...etcdBackup, spec: { pvcName: 'other' } };
    expect((await k.run(['apply', '-f', '-'], JSON.stringify(other))).stderr).toContain('is immutable');
    expect(await k.failure('get', 'etcdbackup', 'nothing')).toBe(
      'Error from server (NotFound): etcdbackups.operator.openshift.io "nothing" not found',
    );
  });

  it('applies on the server, and sees conflicts', async () => {
    const definition = { ...etcdBackup, metadata: { name: 'applied' } };
    expect(await k.apply(definition, '--server-side')).toBe(
      'etcdbackup.operator.openshift.io/applied serverside-applied',
    );
    const suspended = { ...job, metadata: { name: 'applied' }, spec: { ...job.spec, suspend: true } };
    await k.apply(suspended, '--server-side', '--field-manager=me');
    const resumed = { ...suspended, spec: { ...suspended.spec, suspend: false } };
    const clash = await k.run(['apply', '--server-side', '--field-manager=you', '-f', '-'], JSON.stringify(resumed));
    expect(clash.stderr).toContain('conflict with "me": .spec.suspend');
    await k.apply(resumed, '--server-side', '--field-manager=you', '--force-conflicts');
    await k.out('delete', 'job', 'applied');
  });

  it('creates, patches, labels, edits and deletes what is built in', async () => {
    await k.out('create', 'namespace', 'mine');
    await k.out('create', 'job', 'hello', '--image=i', '-n', 'mine', '--', 'echo', 'hi');
    expect(await k.out('get', 'job', 'hello', '-n', 'mine', '-o', 'wide')).toContain('hello');
    await k.out('patch', 'job', 'hello', '-n', 'mine', '-p', '{"spec":{"suspend":true}}');
    await k.out('label', 'job', 'hello', '-n', 'mine', 'a=b');
    await k.out('annotate', 'job', 'hello', '-n', 'mine', 'c=d');
    expect(await k.out('get', 'job', '-A', '--show-labels')).toMatch(/mine +hello .*a=b/);
    expect((await k.run(['edit', 'job', 'hello', '-n', 'mine'])).stderr).toContain('no changes made');
    if (kubectl.isAtLeast(21)) {
      await k.out('create', 'cronjob', 'cron', '--image=i', '--schedule=*/5 * * * *', '--', 'date');
      await k.out('create', 'job', 'manual', '--from=cronjob/cron');
      expect(await k.out('describe', 'cronjob', 'cron')).toContain('*/5 * * * *');
      expect(await k.out('get', 'job', 'manual', '-o', 'jsonpath={.metadata.ownerReferences[0].name}')).toBe('cron');
      await k.out('delete', 'cronjob/cron', 'job/manual');
    }
    expect(await k.out('delete', 'job', 'hello', '-n', 'mine')).toContain('job.batch "hello" deleted');
    expect(await k.out('delete', 'namespace', 'mine', '--wait=false')).toContain('namespace "mine" deleted');
    expect(await k.out('get', 'namespace', 'mine')).toContain('Terminating');
  });

  it('waits for an object to go', async () => {
    await k.apply({ ...job, metadata: { name: 'slow', finalizers: ['example.com/hold'] } });
    const deleting = k.run(['delete', 'job', 'slow']);
    await waitFor(
      async () => (await k.out('get', 'job', 'slow', '-o', 'jsonpath={.metadata.deletionTimestamp}')) !== '',
    );
    await k.out('patch', 'job', 'slow', '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]');
    expect((await deleting).code).toBe(0);
  });

  it('watches tables as they change', async () => {
    const [program = '', ...args] = k.argv('get', 'jobs', '-w');
    const watching = spawn(program, args, { env: { ...k.env } });
    let seen = '';
    watching.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    const ended = new Promise((resolve) => watching.once('exit', resolve));
    try {
      await k.apply({ ...job, metadata: { name: 'watched' } });
      await waitFor(() => /^NAME .*\nwatched /.test(seen), { what: () => `a table with the job in ${seen}` });
      await k.out('delete', 'job', 'watched');
      await waitFor(() => seen.match(/^watched /gm)?.length === 2, { what: () => `two lines in ${seen}` });
    } finally {
      watching.kill();
      await ended;
    }
  });

  it('shows events and logs', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'talker', labels: { 'job-name': 'job' } },
      spec: { containers: [{ name: 'main', image: 'i' }] },
    };
    await k.apply(pod);
    expect(await k.out('logs', 'talker')).toBe('begun\n');
    expect(await k.out('logs', '-f', 'talker')).toBe('begun\nended\n');
    expect(await k.failure('logs', '--previous', 'talker')).toContain(
      'previous terminated container "main" in pod "talker" not found',
    );
    const uid = await k.out('get', 'pod', 'talker', '-o', 'jsonpath={.metadata.uid}');
    await k.apply({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'talker.1', namespace: 'default' },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: 'talker', uid },
      reason: 'Talking',
      message: 'it says something',
      type: 'Normal',
      firstTimestamp: '2026-11-23T00:00:00Z',
      lastTimestamp: '2026-11-23T00:00:00Z',
      count: 1,
    });
    expect(await k.out('describe', 'pod', 'talker')).toMatch(/Events:[\s\S]*Talking[\s\S]*it says something/);
    expect(await k.out('get', 'events')).toContain('Talking');
  });

  it('is held to what its user may do', async () => {
    const uid = await k.out('get', 'pod', 'talker', '-o', 'jsonpath={.metadata.uid}');
    const pod = kubectl.with(await served.kubeconfigFor(podToken(uid)));
    expect(await pod.out('get', 'etcdbackups', '-o', 'name')).toContain('etcd-single-backup');
    expect(await pod.failure('get', 'pods')).toMatch(
      /^Error from server \(Forbidden\): pods is forbidden: User "holdfast:pod:default:talker" cannot list resource "pods"/,
    );
    expect(await k.out('auth', 'can-i', 'delete', 'pods')).toBe('yes\n');
    expect(await pod.out('auth', 'can-i', 'create', 'etcdbackups')).toMatch(/yes\n$/);
    expect((await pod.run(['auth', 'can-i', 'delete', 'etcdbackups'])).stdout).toMatch(/^no/);
    const stranger = kubectl.with(await served.kubeconfigFor('nobody-knows-this-one'));
    expect(await stranger.failure('get', 'pods')).toMatch(/Unauthorized|must be logged in/);
  });

  it('deletes a definition with all its objects', async () => {
    await k.out('delete', 'crd', 'etcdbackups.operator.openshift.io');
    expect(await k.failure('get', 'etcdbackups')).toMatch(
      /doesn't have a resource type|could not find the requested resource/,
    );
  });
});
