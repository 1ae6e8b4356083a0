import { describe, expect, it } from 'vitest';
import { resources, type Lease, type OwnerReference } from '../../../src/apiserver/index.ts';
import { waitFor } from '../../kit/wait-for.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { saying } from './expecting.ts';

const { leases, namespaces } = resources;

/** What holds objects, and what goes with them. */
export function describeDeleting(api: () => ApiUnderTest): void {
  const read = (name: string): Promise<Lease> => api().client.get(leases, api().named(name));
  const ownedBy = (owner: Lease, more: Partial<OwnerReference> = {}): OwnerReference[] => [
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      name: owner.metadata.name,
      uid: owner.metadata.uid,
      ...more,
    },
  ];

  describe('deleting an object', () => {
    it('takes it away at once where nothing holds it', async () => {
      await api().makeLease('plain');
      await api().client.delete(leases, api().named('plain'));
      await expect(read('plain')).rejects.toMatchObject({ code: 'APISERVER_NOT_FOUND' });
      await expect(api().client.delete(leases, api().named('plain'))).rejects.toMatchObject({
        code: 'APISERVER_NOT_FOUND',
      });
    });

    it('is refused where it is another than the one that is meant', async () => {
      await api().makeLease('mistaken');
      const uid = '00000000-0000-4000-8000-000000000000';
      await expect(api().client.delete(leases, api().named('mistaken'), { uid })).rejects.toMatchObject({
        code: 'APISERVER_CONFLICT',
        message: saying('the UID in the precondition'),
      });
    });

    it('can be tried without doing it', async () => {
      const made = await api().makeLease('tried');
      expect((await api().send('DELETE', `${api().path(leases, 'tried')}?dryRun=All`)).status).toBe(200);
      expect(await read('tried')).toEqual(made);
    });

    it('waits for its finalizers, and takes no new ones meanwhile', async () => {
      await api().makeLease('held', { finalizers: ['example.com/hold'] });
      await api().client.delete(leases, api().named('held'));
      const dying = await read('held');
      expect(dying.metadata.deletionTimestamp).toMatch(/Z$/);
      await api().client.delete(leases, api().named('held'));
      expect((await read('held')).metadata.deletionTimestamp).toBe(dying.metadata.deletionTimestamp);
      const more = { ...dying.metadata, finalizers: ['example.com/hold', 'example.com/more'] };
      await expect(api().client.update(leases, { ...dying, metadata: more })).rejects.toMatchObject({
        code: 'APISERVER_INVALID',
        message: saying('no new finalizers can be added if the object is being deleted'),
      });
      const { finalizers, ...free } = dying.metadata;
      expect(finalizers).toEqual(['example.com/hold']);
      await api().client.update(leases, { ...dying, metadata: free });
      await api().gone(leases, 'held');
    });

    it('goes for all that are selected at once', async () => {
      await api().makeLease('many-1', { labels: { many: 'yes' } });
      await api().makeLease('many-2', { labels: { many: 'yes' } });
      await api().makeLease('many-not', { labels: { many: 'no' } });
      expect((await api().send('DELETE', `${api().path(leases)}?labelSelector=many%3Dyes`)).status).toBe(200);
      const { items } = await api().client.list(leases, { namespace: api().namespace, labelSelector: 'many' });
      expect(items.map(({ metadata }) => metadata.name)).toEqual(['many-not']);
    });
  });

  describe('what an object owns', () => {
    it('goes with it', async () => {
      const owner = await api().makeLease('owner');
      await api().makeLease('owned', { ownerReferences: ownedBy(owner) });
      const keeper = await api().makeLease('keeper');
      await api().makeLease('kept', { ownerReferences: [...ownedBy(owner), ...ownedBy(keeper)] });
      await api().client.delete(leases, api().named('owner'), { propagation: 'Background' });
      await api().gone(leases, 'owned');
      expect((await read('kept')).metadata.uid).not.toBe('');
    });

    it('goes before it where that is asked for', async () => {
      const owner = await api().makeLease('patient');
      const ownerReferences = ownedBy(owner, { blockOwnerDeletion: true });
      await api().makeLease('slow', { ownerReferences, finalizers: ['example.com/hold'] });
      await api().client.delete(leases, api().named('patient'), { propagation: 'Foreground' });
      expect((await read('patient')).metadata.finalizers).toEqual(['foregroundDeletion']);
      await waitFor(async () => (await read('slow')).metadata.deletionTimestamp, {
        what: 'the owned object to be deleted',
      });
      expect((await read('patient')).metadata.deletionTimestamp).toBeDefined();
      await api().client.patch(leases, api().named('slow'), {
        kind: 'merge',
        body: { metadata: { finalizers: null } },
      });
      await api().gone(leases, 'slow');
      await api().gone(leases, 'patient');
    });

    it('stays behind where that is asked for, and is owned no more', async () => {
      const owner = await api().makeLease('leaver');
      await api().makeLease('orphan', { ownerReferences: ownedBy(owner) });
      await api().client.delete(leases, api().named('leaver'), { propagation: 'Orphan' });
      await api().gone(leases, 'leaver');
      expect((await read('orphan')).metadata.ownerReferences ?? []).toEqual([]);
    });

    it('goes too where its owner had never been there', async () => {
      const [reference] = ownedBy(await api().makeLease('real'));
      const stranger = { ...reference, name: 'never', uid: '00000000-0000-4000-8000-000000000000' };
      await api().makeLease('fatherless', { ownerReferences: [{ apiVersion: 'v1', kind: 'Lease', ...stranger }] });
      await api().gone(leases, 'fatherless');
    });
  });

  it('a namespace goes with all that is in it, and takes nothing new meanwhile', async () => {
    const name = `${api().namespace}-goes`;
    await api().makeNamespace(name);
    await api().client.create(leases, {
      ...api().newLease('inside'),
      metadata: { name: 'inside', namespace: name, finalizers: ['example.com/hold'] },
    });
    await api().client.delete(namespaces, { name });
    await waitFor(async () => (await api().client.get(namespaces, { name })).status?.phase === 'Terminating');
    const late = { ...api().newLease('late'), metadata: { name: 'late', namespace: name } };
    await expect(api().client.create(leases, late)).rejects.toMatchObject({
      code: 'APISERVER_NAMESPACE_TERMINATING',
      message: saying('because it is being terminated'),
    });
    const body = { metadata: { finalizers: null } };
    await api().client.patch(leases, { name: 'inside', namespace: name }, { kind: 'merge', body });
    await api().gone(namespaces, name);
  });
}
