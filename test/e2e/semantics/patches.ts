import { describe, expect, it } from 'vitest';
import { resources, type CronJob, type Lease, type Patch } from '../../../src/apiserver/index.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { suspendedCronJob } from './cron-job.ts';
import { including, saying } from './expecting.ts';

const { leases, cronJobs } = resources;

/** The four kinds of patches, and who owns which field. */
export function describePatches(api: () => ApiUnderTest): void {
  const patchLease = (name: string, patch: Patch): Promise<Lease> =>
    api().client.patch(leases, api().named(name), patch);
  const patchCronJob = (name: string, patch: Patch): Promise<CronJob> =>
    api().client.patch(cronJobs, api().named(name), patch);

  describe('a merge patch', () => {
    it('sets, replaces and removes fields', async () => {
      await api().makeLease('merged', { labels: { a: '1', b: '2' } });
      const body = { metadata: { labels: { a: null, c: '3' } }, spec: { leaseDurationSeconds: 5 } };
      const patched = await patchLease('merged', { kind: 'merge', body });
      expect(patched.metadata.labels).toEqual({ b: '2', c: '3' });
      expect(patched.spec).toEqual({ holderIdentity: 'somebody', leaseDurationSeconds: 5 });
    });

    it('that changes nothing writes nothing', async () => {
      const made = await api().makeLease('unmoved');
      expect(await patchLease('unmoved', { kind: 'merge', body: { spec: { holderIdentity: 'somebody' } } })).toEqual(
        made,
      );
    });

    it('with a version is refused where the object has another', async () => {
      await api().makeLease('old-patch');
      const body = { metadata: { resourceVersion: '1' }, spec: { holderIdentity: 'else' } };
      await expect(patchLease('old-patch', { kind: 'merge', body })).rejects.toMatchObject({
        code: 'APISERVER_CONFLICT',
      });
    });

    it('on an object that is not there is refused', async () => {
      await expect(patchLease('none', { kind: 'merge', body: {} })).rejects.toMatchObject({
        code: 'APISERVER_NOT_FOUND',
      });
    });
  });

  describe('a JSON patch', () => {
    it('applies its operations in turn', async () => {
      await api().makeLease('by-json', { labels: { 'example.com/a': '1' } });
      const body = [
        { op: 'test', path: '/spec/holderIdentity', value: 'somebody' },
        { op: 'replace', path: '/spec/holderIdentity', value: 'else' },
        { op: 'move', from: '/metadata/labels/example.com~1a', path: '/metadata/labels/b' },
      ];
      const patched = await patchLease('by-json', { kind: 'json', body });
      expect(patched).toMatchObject({ metadata: { labels: { b: '1' } }, spec: { holderIdentity: 'else' } });
    });

    it('that does not fit leaves the object as it was', async () => {
      const made = await api().makeLease('unfit');
      const body = [
        { op: 'replace', path: '/spec/holderIdentity', value: 'else' },
        { op: 'remove', path: '/metadata/labels/none' },
      ];
      await expect(patchLease('unfit', { kind: 'json', body })).rejects.toMatchObject({ code: 'APISERVER_INVALID' });
      expect(await api().client.get(leases, api().named('unfit'))).toEqual(made);
    });
  });

  describe('a strategic merge patch', () => {
    it('merges lists by their keys', async () => {
      await api().client.create(cronJobs, suspendedCronJob(api(), 'strategic'));
      const env = [
        { name: 'A', $patch: 'delete' },
        { name: 'C', value: '3' },
        { name: 'B', value: 'two' },
      ];
      const container = { name: 'main', env, '$setElementOrder/env': [{ name: 'C' }, { name: 'B' }] };
      const body = { spec: { jobTemplate: { spec: { template: { spec: { containers: [container] } } } } } };
      const patched = await patchCronJob('strategic', { kind: 'strategic', body });
      const [main] = patched.spec.jobTemplate.spec.template.spec.containers;
      expect(main).toMatchObject({ name: 'main', image: 'example.com/nothing:1' });
      expect(main?.env).toEqual([
        { name: 'C', value: '3' },
        { name: 'B', value: 'two' },
      ]);
    });

    it('takes finalizers away and adds others', async () => {
      await api().makeLease('finalized', { finalizers: ['example.com/a', 'example.com/b'] });
      const body = {
        metadata: {
          '$deleteFromPrimitiveList/finalizers': ['example.com/a'],
          '$setElementOrder/finalizers': ['example.com/c', 'example.com/b'],
          finalizers: ['example.com/c'],
        },
      };
      const patched = await patchLease('finalized', { kind: 'strategic', body });
      expect(patched.metadata.finalizers).toEqual(['example.com/c', 'example.com/b']);
      await patchLease('finalized', { kind: 'merge', body: { metadata: { finalizers: null } } });
    });
  });

  describe('a server-side apply', () => {
    const lease = (name: string, spec: object, labels?: object): unknown => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, ...(labels !== undefined && { labels }) },
      spec,
    });
    const apply = (name: string, body: unknown, fieldManager: string, force?: boolean): Promise<Lease> =>
      patchLease(name, { kind: 'apply', body, fieldManager, ...(force !== undefined && { force }) });

    it('makes the object that is not there', async () => {
      const made = await apply('applied', lease('applied', { holderIdentity: 'one' }), 'one');
      expect(made).toMatchObject({ metadata: { name: 'applied' }, spec: { holderIdentity: 'one' } });
    });

    it('of the same again writes nothing', async () => {
      const made = await apply('again', lease('again', { holderIdentity: 'one' }), 'one');
      expect(await apply('again', lease('again', { holderIdentity: 'one' }), 'one')).toEqual(made);
    });

    it('takes away what its manager no longer asks for, and leaves what others ask for', async () => {
      await apply('shared', lease('shared', { holderIdentity: 'one', leaseDurationSeconds: 5 }, { a: '1' }), 'one');
      await apply('shared', lease('shared', {}, { b: '2' }), 'two');
      const left = await apply('shared', lease('shared', { holderIdentity: 'one' }), 'one');
      expect(left.metadata.labels).toEqual({ b: '2' });
      expect(left.spec).toEqual({ holderIdentity: 'one' });
    });

    it('does not take a field from another manager, unless by force', async () => {
      await apply('disputed', lease('disputed', { holderIdentity: 'one' }), 'one');
      await expect(apply('disputed', lease('disputed', { holderIdentity: 'two' }), 'two')).rejects.toMatchObject({
        code: 'APISERVER_CONFLICT',
        message: saying('Apply failed with 1 conflict: conflict with "one": .spec.holderIdentity'),
      });
      const forced = await apply('disputed', lease('disputed', { holderIdentity: 'two' }), 'two', true);
      expect(forced.spec?.holderIdentity).toBe('two');
      await expect(apply('disputed', lease('disputed', { holderIdentity: 'one' }), 'one')).rejects.toMatchObject({
        message: saying('conflict with "two"'),
      });
    });

    it('names each conflict in the causes of its refusal', async () => {
      await apply('causes', lease('causes', { holderIdentity: 'one', leaseDurationSeconds: 5 }), 'one');
      const target = `${api().path(leases, 'causes')}?fieldManager=two`;
      const body = lease('causes', { holderIdentity: 'two', leaseDurationSeconds: 6 });
      const answer = await api().send('PATCH', target, { body, type: 'application/apply-patch+yaml' });
      expect(answer.status).toBe(409);
      const causes = [
        { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.holderIdentity' },
        { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.leaseDurationSeconds' },
      ];
      expect(answer.body).toMatchObject({ reason: 'Conflict', details: { causes: including(causes) } });
    });

    it('writes down who owns what', async () => {
      await apply('written-down', lease('written-down', { holderIdentity: 'one' }, { a: '1' }), 'one');
      const owned = await patchLease('written-down', { kind: 'merge', body: { spec: { leaseDurationSeconds: 5 } } });
      expect(owned.metadata['managedFields']).toMatchObject([
        {
          manager: 'one',
          operation: 'Apply',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': { 'f:holderIdentity': {} } },
        },
        { operation: 'Update', fieldsV1: { 'f:spec': { 'f:leaseDurationSeconds': {} } } },
      ]);
    });

    it('refuses fields that the kind does not have, and an unnamed manager', async () => {
      await expect(apply('odd', lease('odd', { nonsense: 1 }), 'one')).rejects.toMatchObject({
        message: saying('.spec.nonsense: field not declared in schema'),
      });
      const target = api().path(leases, 'odd');
      const answer = await api().send('PATCH', target, {
        body: lease('odd', {}),
        type: 'application/apply-patch+yaml',
      });
      expect(answer.status).toBe(422);
      expect(answer.body).toMatchObject({ message: saying('is required for apply patch') });
    });
  });

  it('a patch of a type that nobody knows is refused', async () => {
    await api().makeLease('typeless');
    const answer = await api().send('PATCH', api().path(leases, 'typeless'), {
      body: {},
      type: 'application/nonsense',
    });
    expect(answer.status).toBe(415);
  });
}
