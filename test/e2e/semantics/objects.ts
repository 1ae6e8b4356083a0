import { describe, expect, it } from 'vitest';
import { resources } from '../../../src/apiserver/index.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { suspendedCronJob } from './cron-job.ts';
import { like, saying } from './expecting.ts';

const { leases, cronJobs } = resources;

/** Making, reading and replacing objects. */
export function describeObjects(api: () => ApiUnderTest): void {
  describe('making an object', () => {
    it('gives it a uid, a version and a time, and gives it back when asked for it', async () => {
      const made = await api().makeLease('made');
      expect(made.metadata).toMatchObject({ name: 'made', namespace: api().namespace });
      expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(made.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
      expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(await api().client.get(leases, api().named('made'))).toEqual(made);
    });

    it('is refused where one of its name stands', async () => {
      await api().makeLease('twice');
      await expect(api().makeLease('twice')).rejects.toMatchObject({
        code: 'APISERVER_ALREADY_EXISTS',
        message: saying('leases.coordination.k8s.io "twice" already exists'),
      });
    });

    it('is refused under a name that is none', async () => {
      await expect(api().makeLease('Not_A_Name')).rejects.toMatchObject({
        code: 'APISERVER_INVALID',
        message: saying('metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain'),
      });
    });

    it('is refused in a namespace that is not there', async () => {
      const object = { ...api().newLease('lost'), metadata: { name: 'lost', namespace: `${api().namespace}-not` } };
      await expect(api().client.create(leases, object)).rejects.toMatchObject({
        code: 'APISERVER_NOT_FOUND',
        message: saying(`namespaces "${api().namespace}-not" not found`),
      });
    });

    it('makes up a name behind a prefix, another each time', async () => {
      const object = { ...api().newLease(''), metadata: { namespace: api().namespace, generateName: 'drawn-' } };
      const made = [await api().client.create(leases, object), await api().client.create(leases, object)];
      const names = made.map(({ metadata }) => metadata.name);
      for (const name of names) expect(name).toMatch(/^drawn-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
      expect(new Set(names).size).toBe(2);
    });

    it('can be tried without making it', async () => {
      const target = `${api().path(leases)}?dryRun=All`;
      const { status, body } = await api().send('POST', target, { body: api().newLease('dry') });
      expect(status).toBe(201);
      expect(body).toMatchObject({ metadata: { name: 'dry', uid: like(/^[0-9a-f-]{36}$/) } });
      await expect(api().client.get(leases, api().named('dry'))).rejects.toMatchObject({ code: 'APISERVER_NOT_FOUND' });
    });
  });

  describe('fields that the kind does not have', () => {
    const odd = (name: string): unknown => ({ ...api().newLease(name), nonsense: 1 });
    const make = (name: string, validation: string): ReturnType<ApiUnderTest['send']> =>
      api().send('POST', `${api().path(leases)}?fieldValidation=${validation}`, { body: odd(name) });

    it('are refused where the client asks for strictness', async () => {
      const { status, body } = await make('strict', 'Strict');
      expect(status).toBe(400);
      expect(body).toMatchObject({
        message: saying('strict decoding error: unknown field "nonsense"'),
      });
    });

    it('are left out with a warning, or without one', async () => {
      const warned = await make('warned', 'Warn');
      expect(warned).toMatchObject({ status: 201, headers: { warning: saying('unknown field') } });
      expect(warned.body).not.toHaveProperty('nonsense');
      const ignored = await make('ignored', 'Ignore');
      expect(ignored.status).toBe(201);
      expect(ignored.headers).not.toHaveProperty('warning');
    });
  });

  describe('reading an object', () => {
    it('that is not there says so', async () => {
      await expect(api().client.get(leases, api().named('none'))).rejects.toMatchObject({
        code: 'APISERVER_NOT_FOUND',
        message: saying('leases.coordination.k8s.io "none" not found'),
      });
    });

    it('of a kind that is not there finds nothing either', async () => {
      expect((await api().send('GET', '/apis/coordination.k8s.io/v1/nonsense')).status).toBe(404);
    });
  });

  describe('replacing an object', () => {
    it('is refused where it has changed since it was read', async () => {
      const made = await api().makeLease('contested');
      const changed = await api().client.update(leases, { ...made, spec: { holderIdentity: 'first' } });
      expect(changed.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
      await expect(api().client.update(leases, { ...made, spec: { holderIdentity: 'second' } })).rejects.toMatchObject({
        code: 'APISERVER_CONFLICT',
        message: saying(
          'Operation cannot be fulfilled on leases.coordination.k8s.io "contested": the object has been modified; ' +
            'please apply your changes to the latest version and try again',
        ),
      });
      const read = await api().client.get(leases, api().named('contested'));
      expect(read.spec?.holderIdentity).toBe('first');
    });

    it('by one with another uid is refused', async () => {
      const made = await api().makeLease('other-uid');
      const other = { ...made, metadata: { ...made.metadata, uid: '00000000-0000-4000-8000-000000000000' } };
      await expect(api().client.update(leases, other)).rejects.toMatchObject({ code: 'APISERVER_CONFLICT' });
    });

    it('under another name is refused', async () => {
      const made = await api().makeLease('renamed');
      const body = { ...made, metadata: { ...made.metadata, name: 'other' } };
      const { status, body: answer } = await api().send('PUT', api().path(leases, 'renamed'), { body });
      expect(status).toBe(400);
      expect(answer).toMatchObject({
        message: 'the name of the object (other) does not match the name on the URL (renamed)',
      });
    });

    it('needs its version, for kinds that many write to', async () => {
      await api().makeLease('versionless');
      const target = api().path(leases, 'versionless');
      const { status, body } = await api().send('PUT', target, { body: api().newLease('versionless') });
      expect(status).toBe(422);
      expect(body).toMatchObject({ message: saying('must be specified for an update') });
    });

    it('by itself writes nothing', async () => {
      const made = await api().makeLease('same');
      expect(await api().client.update(leases, made)).toEqual(made);
    });

    it('counts a generation for what is asked for, and for nothing else', async () => {
      const made = await api().client.create(cronJobs, suspendedCronJob(api(), 'generations'));
      expect(made.metadata.generation).toBe(1);
      const labelled = await api().client.update(cronJobs, {
        ...made,
        metadata: { ...made.metadata, labels: { changed: 'yes' } },
      });
      expect(labelled.metadata.generation).toBe(1);
      const moved = await api().client.update(cronJobs, {
        ...labelled,
        spec: { ...labelled.spec, schedule: '0 5 29 2 *' },
      });
      expect(moved.metadata.generation).toBe(2);
    });
  });

  describe('the status', () => {
    it('is written at its own place, and the rest is not', async () => {
      const made = await api().client.create(cronJobs, suspendedCronJob(api(), 'status'));
      const status = { lastScheduleTime: '2026-11-23T04:20:00Z' };
      const written = await api().client.updateStatus(cronJobs, {
        ...made,
        spec: { ...made.spec, schedule: '0 6 29 2 *' },
        status,
      });
      expect(written).toMatchObject({ spec: { schedule: made.spec.schedule }, status, metadata: { generation: 1 } });
      const replaced = await api().client.update(cronJobs, { ...written, status: {} });
      expect(replaced.status).toMatchObject(status);
    });
  });
}
