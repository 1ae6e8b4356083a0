import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { resources, type Lease, type WatchEvent, type WatchOptions } from '../../../src/apiserver/index.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { including, like, saying } from './expecting.ts';

const { leases, events } = resources;

const leaseList = z.object({
  kind: z.literal('LeaseList'),
  metadata: z.object({ continue: z.string().optional(), remainingItemCount: z.number().optional() }),
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })),
});

/** Lists, what selects in them, and watches. */
export function describeListsAndWatches(api: () => ApiUnderTest): void {
  const listed = async (query: Omit<WatchOptions, 'resourceVersion' | 'namespace'>): Promise<string[]> => {
    const { items } = await api().client.list(leases, { namespace: api().namespace, ...query });
    return items.map(({ metadata }) => metadata.name);
  };

  describe('a list', () => {
    it('is sorted by name, and selected by labels and by fields', async () => {
      await api().makeLease('list-c', { labels: { list: 'yes', tier: 'one' } });
      await api().makeLease('list-a', { labels: { list: 'yes', tier: 'two' } });
      await api().makeLease('list-b', { labels: { list: 'yes' } });
      expect(await listed({ labelSelector: 'list=yes' })).toEqual(['list-a', 'list-b', 'list-c']);
      expect(await listed({ labelSelector: 'list=yes,tier in (one,three)' })).toEqual(['list-c']);
      expect(await listed({ labelSelector: 'list=yes,tier notin (one)' })).toEqual(['list-a', 'list-b']);
      expect(await listed({ labelSelector: 'list=yes,!tier' })).toEqual(['list-b']);
      expect(await listed({ labelSelector: 'list=yes,tier!=two' })).toEqual(['list-b', 'list-c']);
      expect(await listed({ labelSelector: 'list=yes,tier', fieldSelector: 'metadata.name=list-a' })).toEqual([
        'list-a',
      ]);
    });

    it.each(['labelSelector=a+in', 'fieldSelector=spec.nonsense%3D1', 'continue=nonsense'])(
      'with ?%s is refused',
      async (query) => {
        expect((await api().send('GET', `${api().path(leases)}?${query}`)).status).toBe(400);
      },
    );

    it('comes in pages of one moment', async () => {
      for (const name of ['page-1', 'page-2', 'page-3']) await api().makeLease(name, { labels: { paged: 'yes' } });
      const page = async (more: string): Promise<z.infer<typeof leaseList>> => {
        const { status, body } = await api().send('GET', `${api().path(leases)}?labelSelector=paged&limit=2${more}`);
        expect(status).toBe(200);
        return leaseList.parse(body);
      };
      const first = await page('');
      expect(first.items.map(({ metadata }) => metadata.name)).toEqual(['page-1', 'page-2']);
      await api().makeLease('page-4', { labels: { paged: 'yes' } });
      const second = await page(`&continue=${encodeURIComponent(first.metadata.continue ?? '')}`);
      expect(second.items.map(({ metadata }) => metadata.name)).toEqual(['page-3']);
      expect(second.metadata.continue ?? '').toBe('');
    });

    it('finds the events of one object', async () => {
      const involvedObject = { kind: 'Lease', name: 'eventful', namespace: api().namespace, uid: 'u-1' };
      for (const [name, involved] of [
        ['eventful.1', involvedObject],
        ['other.1', { ...involvedObject, name: 'other' }],
      ] as const) {
        await api().client.create(events, {
          apiVersion: 'v1',
          kind: 'Event',
          metadata: { name, namespace: api().namespace },
          involvedObject: involved,
          reason: 'Tried',
          message: 'It was tried',
          type: 'Normal',
        });
      }
      const fieldSelector = 'involvedObject.name=eventful,involvedObject.uid=u-1';
      const { items } = await api().client.list(events, { namespace: api().namespace, fieldSelector });
      expect(items.map(({ metadata }) => metadata.name)).toEqual(['eventful.1']);
    });
  });

  describe('a table', () => {
    it('has columns and a row for each object', async () => {
      await api().makeLease('in-a-table');
      const { status, body } = await api().send(
        'GET',
        `${api().path(leases)}?fieldSelector=metadata.name%3Din-a-table`,
        {
          accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
        },
      );
      expect(status).toBe(200);
      expect(body).toMatchObject({
        kind: 'Table',
        columnDefinitions: [{ name: 'Name' }, { name: 'Holder' }, { name: 'Age' }],
        rows: [{ cells: ['in-a-table', 'somebody', like(/./)], object: { metadata: { name: 'in-a-table' } } }],
      });
    });
  });

  describe('a watch', () => {
    const watch = async (
      query: Partial<WatchOptions>,
      until: number,
      change: () => Promise<unknown>,
    ): Promise<string[]> => {
      const { resourceVersion } = await api().client.list(leases, { namespace: api().namespace });
      const stop = new AbortController();
      const options = { namespace: api().namespace, resourceVersion, signal: stop.signal, ...query };
      const seen: string[] = [];
      const watching = (async () => {
        for await (const event of api().client.watch(leases, options)) {
          if (event.type !== 'BOOKMARK') seen.push(written(event));
          if (seen.length === until) return;
        }
      })();
      await change();
      await watching;
      stop.abort();
      return seen;
    };

    it('tells each change in order, from a version on', async () => {
      const seen = await watch({ fieldSelector: 'metadata.name=watched' }, 3, async () => {
        const made = await api().makeLease('watched');
        await api().client.update(leases, { ...made, spec: { holderIdentity: 'else' } });
        await api().client.delete(leases, api().named('watched'));
      });
      expect(seen).toEqual(['ADDED watched somebody', 'MODIFIED watched else', 'DELETED watched else']);
    });

    it('tells what was before it was opened, too', async () => {
      const { resourceVersion } = await api().client.list(leases, { namespace: api().namespace });
      await api().makeLease('before');
      const seen = await watch({ resourceVersion, fieldSelector: 'metadata.name=before' }, 1, () => Promise.resolve());
      expect(seen).toEqual(['ADDED before somebody']);
    });

    it('tells an object that comes to be selected as new, and one that no longer is as deleted', async () => {
      await api().makeLease('wanders');
      const label = (value: string | null): Promise<unknown> =>
        api().client.patch(leases, api().named('wanders'), {
          kind: 'merge',
          body: { metadata: { labels: { in: value } } },
        });
      const seen = await watch({ labelSelector: 'in=yes' }, 3, async () => {
        await label('yes');
        await api().client.patch(leases, api().named('wanders'), {
          kind: 'merge',
          body: { spec: { holderIdentity: 'x' } },
        });
        await label(null);
      });
      expect(seen).toEqual(['ADDED wanders somebody', 'MODIFIED wanders x', 'DELETED wanders x']);
    });

    it('from an old version tells all that happened since, or is refused: it never leaves a gap', async () => {
      const { items } = await api().client.list(leases, { namespace: api().namespace });
      await api().makeLease('newest');
      const told = new Set<string>();
      try {
        for await (const event of api().client.watch(leases, { namespace: api().namespace, resourceVersion: '1' })) {
          if (event.type !== 'BOOKMARK') told.add(event.object.metadata.name);
          if (told.has('newest')) break;
        }
        expect([...told]).toEqual(including(items.map(({ metadata }) => metadata.name)));
      } catch (error) {
        expect(error).toMatchObject({ code: 'APISERVER_GONE', message: saying('too old resource version: 1') });
      }
    });
  });
}

function written(event: WatchEvent<Lease>): string {
  if (event.type === 'BOOKMARK') return event.type;
  const { metadata, spec } = event.object;
  return `${event.type} ${metadata.name} ${spec?.holderIdentity ?? ''}`;
}
