import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_PREFIXES, parseKey } from './index.ts';

describe('an etcd key of Kubernetes', () => {
  it.each([
    ['/registry/secrets/team-1/db', { resource: 'secrets', namespace: 'team-1', name: 'db' }],
    ['/registry/namespaces/kube-system', { resource: 'namespaces', name: 'kube-system' }],
    ['/registry/minions/master-0', { resource: 'nodes', name: 'master-0' }],
    ['/registry/controllers/a/b', { resource: 'replicationcontrollers', namespace: 'a', name: 'b' }],
    ['/registry/ingress/a/b', { resource: 'ingresses', namespace: 'a', name: 'b' }],
    ['/registry/services/specs/team-1/web', { resource: 'services', namespace: 'team-1', name: 'web' }],
    ['/registry/services/endpoints/team-1/web', { resource: 'endpoints', namespace: 'team-1', name: 'web' }],
    ['/registry/masterleases/10.1.1.1', { resource: 'masterleases', name: '10.1.1.1' }],
    [
      '/registry/clusterroles/system:controller:node-controller',
      { resource: 'clusterroles', name: 'system:controller:node-controller' },
    ],
    [
      '/registry/apiregistration.k8s.io/apiservices/v1.',
      { group: 'apiregistration.k8s.io', resource: 'apiservices', name: 'v1.' },
    ],
    [
      '/registry/config.openshift.io/clusterversions/version',
      { group: 'config.openshift.io', resource: 'clusterversions', name: 'version' },
    ],
    [
      '/kubernetes.io/machine.openshift.io/machines/openshift-machine-api/m0',
      { group: 'machine.openshift.io', resource: 'machines', namespace: 'openshift-machine-api', name: 'm0' },
    ],
    ['/kubernetes.io/secrets/a/b', { resource: 'secrets', namespace: 'a', name: 'b' }],
    ['/openshift.io/routes/a/b', { resource: 'routes', namespace: 'a', name: 'b' }],
    ['/openshift.io/oauth/accesstokens/sha256~x', { resource: 'oauthaccesstokens', name: 'sha256~x' }],
  ])('%s is taken apart', (key, parts) => {
    expect(parseKey(key)).toMatchObject(parts);
    expect('group' in (parseKey(key) ?? {})).toBe('group' in parts);
    expect('namespace' in (parseKey(key) ?? {})).toBe('namespace' in parts);
  });

  it('knows where its resource’s keys lie', () => {
    expect(parseKey('/registry/services/specs/team-1/web')?.keyPrefix).toBe('/registry/services/specs/');
    expect(parseKey('/registry/config.openshift.io/proxies/cluster')?.keyPrefix).toBe(
      '/registry/config.openshift.io/proxies/',
    );
  });

  it.each([
    'compact_rev_key',
    '/registry',
    '/registry/',
    '/registry/secrets',
    '/registry/secrets/',
    '/registry/a.b/',
    '/registry//x',
    '/bootstrap/abc',
    'registry/secrets/a/b',
    '',
  ])('is not %j', (key) => {
    expect(parseKey(key)).toBeUndefined();
  });

  it('is its key prefix, its namespace and its name, whatever they are', () => {
    const part = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const group = fc.option(
      part.map((name) => `${name}.example.com`),
      { nil: undefined },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...KEY_PREFIXES),
        group,
        part,
        part,
        part,
        (prefix, of, resource, namespace, name) => {
          const key = `${prefix}${of === undefined ? '' : `${of}/`}${resource}/${namespace}/${name}`;
          const parsed = parseKey(key);
          if (parsed === undefined) throw new Error(`${key} was not taken apart`);
          const inside = parsed.namespace === undefined ? '' : `${parsed.namespace}/`;
          expect(`${parsed.keyPrefix}${inside}${parsed.name}`).toBe(key);
          expect(parsed.group).toBe(of);
        },
      ),
    );
  });
});
