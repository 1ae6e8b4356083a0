import { describe, expect, it } from 'vitest';
import { resources, type Pod } from '../../../src/apiserver/index.ts';
import { waitFor } from '../../kit/wait-for.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { saying } from './expecting.ts';

const { pods } = resources;

/** What is neither an object's own endpoint nor its status. */
export function describePodsAndPaths(api: () => ApiUnderTest): void {
  /** A pod that no scheduler finds a place for. */
  const makePod = (name: string): Promise<Pod> =>
    // Its namespace may not have an account for it yet.
    waitFor(
      () =>
        api().client.create(pods, {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, namespace: api().namespace },
          spec: {
            automountServiceAccountToken: false,
            nodeSelector: { nowhere: 'yes' },
            containers: [{ name: 'main', image: 'example.com/nothing:1' }],
          },
        }),
      { timeoutMs: 60_000 },
    );
  const read = (name: string): Promise<Pod> => api().client.get(pods, api().named(name));

  describe('a pod', () => {
    it('is put on a node by a binding, once', async () => {
      const made = await makePod('bound');
      await api().client.bindPod(made.metadata, 'nowhere');
      const { spec, status } = await read('bound');
      expect(spec.nodeName).toBe('nowhere');
      expect(status?.conditions?.find(({ type }) => type === 'PodScheduled')).toMatchObject({ status: 'True' });
      await expect(api().client.bindPod(made.metadata, 'elsewhere')).rejects.toMatchObject({
        code: 'APISERVER_CONFLICT',
        message: saying('pod bound is already assigned to node "nowhere"'),
      });
      // No node is there to let it go.
      await api().client.delete(pods, made.metadata, { gracePeriodSeconds: 0 });
    });

    it('is put on no node where another is meant, or none is there', async () => {
      const { metadata } = await makePod('mistaken');
      const other = { ...metadata, uid: '00000000-0000-4000-8000-000000000000' };
      await expect(api().client.bindPod(other, 'nowhere')).rejects.toMatchObject({
        code: 'APISERVER_CONFLICT',
        message: saying('Precondition failed: UID in precondition'),
      });
      await expect(api().client.bindPod({ ...metadata, name: 'absent' }, 'nowhere')).rejects.toMatchObject({
        code: 'APISERVER_NOT_FOUND',
      });
      await api().client.delete(pods, metadata);
    });

    it('is put on no node by being replaced', async () => {
      await makePod('replaced');
      const change = waitFor(async () => {
        const current = await read('replaced');
        const spec = { ...current.spec, nodeName: 'nowhere' };
        const refused = api().client.update(pods, { ...current, spec });
        // Somebody may say meanwhile that it finds no place.
        return await refused.catch((error: unknown) => (isConflict(error) ? undefined : { error }));
      });
      await expect(change).resolves.toMatchObject({
        error: {
          code: 'APISERVER_INVALID',
          message: saying('spec: Forbidden: pod updates may not change fields other'),
        },
      });
      await api().client.delete(pods, api().named('replaced'));
    });
  });

  describe('a path where nothing stands', () => {
    it.each(['/api/v1/nothings', '/api/v2/pods', '/apis/batch/v9', '/apis/batch/v1/namespaces/default/nothings/a'])(
      'is told of with a status within what Kubernetes itself serves: %s',
      async (path) => {
        const { status, body } = await api().send('GET', path);
        expect(status).toBe(404);
        expect(body).toMatchObject({
          kind: 'Status',
          reason: 'NotFound',
          message: 'the server could not find the requested resource',
        });
      },
    );

    it.each(['/nothing', '/apis/nobody.example.com/v1/nothings'])('is a page elsewhere: %s', async (path) => {
      expect(await api().send('GET', path)).toMatchObject({ status: 404, body: ['404 page not found'] });
    });
  });

  describe('a review of what one may do oneself', () => {
    const target = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

    it('is answered at once, and kept nowhere', async () => {
      const resourceAttributes = { verb: 'create', group: 'batch', resource: 'jobs', namespace: api().namespace };
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      };
      const answer = await api().send('POST', target, { body });
      expect(answer).toMatchObject({ status: 201, body: { ...body, status: { allowed: true } } });
      expect((await api().send('GET', target)).status).toBe(405);
    });

    it('is refused where it asks for nothing', async () => {
      const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: {} };
      const answer = await api().send('POST', target, { body });
      expect(answer).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    });
  });
}

function isConflict(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'APISERVER_CONFLICT';
}
