import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { resources, type NewObject } from '../../../src/apiserver/index.ts';
import {
  backupDefinition,
  backups,
  etcdBackupDefinition,
  etcdBackups,
  type Backup,
  type EtcdBackup,
} from '../../../src/crd/index.ts';
import { waitFor } from '../../kit/wait-for.ts';
import type { Answer, ApiUnderTest } from './api-under-test.ts';
import { saying } from './expecting.ts';

const { customResourceDefinitions } = resources;

/** A day that comes once in four years: whatever operator is at work, it has nothing to do. */
const RARELY = '0 4 29 2 *';

/** Kinds that a definition makes: those of the backups, and what they refuse. */
export function describeDefinitions(api: () => ApiUnderTest): void {
  beforeAll(async () => {
    await api().ensure(customResourceDefinitions, backupDefinition);
    await api().ensure(customResourceDefinitions, etcdBackupDefinition);
    await waitFor(async () => (await api().send('GET', api().path(backups))).status === 200);
    await waitFor(async () => (await api().send('GET', api().path(etcdBackups))).status === 200);
  }, 60_000);

  const made: [typeof backups | typeof etcdBackups, string][] = [];
  const named = (suffix: string): string => `${api().namespace}-${suffix}`;
  const backup = (name: string, etcd: object): NewObject<Backup> => ({
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name },
    spec: { etcd },
  });
  const etcdBackup = (name: string, spec: EtcdBackup['spec']): NewObject<EtcdBackup> => ({
    apiVersion: 'operator.openshift.io/v1alpha1',
    kind: 'EtcdBackup',
    metadata: { name },
    spec,
  });
  const tryBackup = (etcd: object): Promise<Answer> =>
    api().send('POST', `${api().path(backups)}?dryRun=All`, { body: backup(named('tried'), etcd) });
  const make = async (etcd: object, suffix: string): Promise<Backup> => {
    const object = await api().client.create(backups, backup(named(suffix), etcd));
    made.push([backups, object.metadata.name]);
    return object;
  };
  afterAll(async () => {
    for (const [resource, name] of made) await api().client.delete(resource, { name });
  });

  describe('a Backup', () => {
    it.each([
      [{ schedule: 'whenever' }, 'spec.etcd.schedule in body should match'],
      [{ schedule: '20 4 * *' }, 'spec.etcd.schedule in body should match'],
      [{ schedule: RARELY, timeZone: 'Mars/Base; DROP' }, 'spec.etcd.timeZone in body should match'],
      [{ schedule: 5 }, 'spec.etcd.schedule in body must be of type string: "integer"'],
      [{ retentionPolicy: {} }, 'spec.etcd.retentionPolicy.retentionType: Required value'],
      [{ retentionPolicy: { retentionType: 'Forever' } }, 'Unsupported value: "Forever": supported values:'],
      [
        { retentionPolicy: { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: 0 } } },
        'spec.etcd.retentionPolicy.retentionNumber.maxNumberOfBackups in body should be greater than or equal to 1',
      ],
      [
        { retentionPolicy: { retentionType: 'RetentionSize', retentionSize: {} } },
        'spec.etcd.retentionPolicy.retentionSize.maxSizeOfBackupsGb: Required value',
      ],
    ])('with %j is refused', async (etcd, message) => {
      const { status, body } = await tryBackup(etcd);
      expect(body).toMatchObject({ reason: 'Invalid', message: saying(message) });
      expect(status).toBe(422);
    });

    it('without a spec is refused', async () => {
      const { spec, ...bare } = backup(named('bare'), {});
      expect(spec).toEqual({ etcd: {} });
      const { status, body } = await api().send('POST', `${api().path(backups)}?dryRun=All`, { body: bare });
      expect(status).toBe(422);
      expect(body).toMatchObject({ message: saying('spec: Required value') });
    });

    it.each(['20 4 * * *', '@daily', '*/5 0-4 1,15 * 1-5', RARELY])('by the schedule %s is taken', async (schedule) => {
      const { status } = await tryBackup({ schedule, timeZone: 'Asia/Tokyo', pvcName: 'p' });
      expect(status).toBe(201);
    });

    it('has a status of its own, and a generation', async () => {
      const object = await make({ schedule: RARELY, timeZone: 'UTC' }, 'status');
      expect(object.metadata.generation).toBe(1);
      const target = `${api().path(backups, object.metadata.name)}/status`;
      const body = { status: { consecutiveFailures: 2 }, spec: { etcd: { schedule: '@daily' } } };
      const answer = await api().send('PATCH', target, { body, type: 'application/merge-patch+json' });
      expect(answer).toMatchObject({
        status: 200,
        body: { status: { consecutiveFailures: 2 }, spec: { etcd: { schedule: RARELY } }, metadata: { generation: 1 } },
      });
    });

    it('loses the fields that the definition does not know', async () => {
      const object = await make({ schedule: RARELY, nonsense: true }, 'pruned');
      expect(object.spec.etcd).toEqual({ schedule: RARELY });
    });

    it('is shown with the columns of its definition', async () => {
      const object = await make({ schedule: RARELY }, 'shown');
      const target = `${api().path(backups)}/${object.metadata.name}`;
      const { body } = await api().send('GET', target, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
      const table = z
        .object({
          columnDefinitions: z.array(z.object({ name: z.string() })),
          rows: z.array(z.object({ cells: z.array(z.unknown()) })),
        })
        .parse(body);
      const names = table.columnDefinitions.map(({ name }) => name);
      expect(names.slice(0, 3)).toEqual(['Name', 'Schedule', 'Last Success']);
      expect(table.rows[0]?.cells.slice(0, 2)).toEqual([object.metadata.name, RARELY]);
    });

    it('takes no strategic merge patch', async () => {
      const object = await make({ schedule: RARELY }, 'unstrategic');
      const patch = { kind: 'strategic', body: { metadata: { labels: { a: '1' } } } } as const;
      await expect(api().client.patch(backups, { name: object.metadata.name }, patch)).rejects.toMatchObject({
        code: 'APISERVER_STATUS',
        message: saying('status 415'),
      });
    });
  });

  describe('an EtcdBackup', () => {
    it('keeps the volume that it was made for', async () => {
      const name = named('immutable');
      const object = await api().client.create(etcdBackups, etcdBackup(name, { pvcName: 'one' }));
      made.push([etcdBackups, name]);
      const patch = { kind: 'merge', body: { spec: { pvcName: 'two' } } } as const;
      await expect(api().client.patch(etcdBackups, { name }, patch)).rejects.toMatchObject({
        code: 'APISERVER_INVALID',
        message: saying('spec.pvcName: Invalid value: "two": pvcName is immutable once set'),
      });
      expect(object.spec.pvcName).toBe('one');
    });
  });

  it('a definition makes a kind while it stands, and takes its objects along', async () => {
    const group = `${api().namespace}.example.com`;
    const name = `things.${group}`;
    const path = `/apis/${group}/v1/things`;
    const schema = {
      type: 'object',
      properties: { spec: { type: 'object', properties: { size: { type: 'integer', default: 3 } } } },
    };
    await api().makeForNow(customResourceDefinitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name },
      spec: {
        group,
        scope: 'Cluster',
        names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    });
    await waitFor(async () => (await api().send('GET', path)).status === 200, { what: 'the new kind to be served' });
    const thing = { apiVersion: `${group}/v1`, kind: 'Thing', metadata: { name: 'one' }, spec: {} };
    const answer = await api().send('POST', path, { body: thing });
    expect(answer).toMatchObject({ status: 201, body: { spec: { size: 3 } } });
    await api().client.delete(customResourceDefinitions, { name });
    await api().gone(customResourceDefinitions, name);
    await waitFor(async () => (await api().send('GET', path)).status === 404, { what: 'the kind to be gone' });
  });
}
