import { describe, expect, it } from 'vitest';
import { isAsWanted } from './drift.ts';

const WANTED = {
  schedule: '20 4 * * *',
  jobTemplate: { spec: { template: { spec: { serviceAccountName: 'sa', containers: [{ name: 'c', args: ['x'] }] } } } },
};

/** A copy with what a server adds, changed on the way. */
function found(change: (pod: Record<string, unknown>, container: Record<string, unknown>) => void = () => undefined) {
  const container: Record<string, unknown> = { name: 'c', args: ['x'], resources: {} };
  const pod: Record<string, unknown> = {
    serviceAccountName: 'sa',
    serviceAccount: 'sa',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    containers: [container],
  };
  change(pod, container);
  const template = { metadata: { creationTimestamp: null }, spec: pod };
  return { schedule: '20 4 * * *', suspend: false, jobTemplate: { spec: { template } } };
}

describe('What stands', () => {
  it('is as wanted where the server filled in its defaults', () => {
    expect(isAsWanted({ ...WANTED, jobTemplate: withMetadata() }, found())).toBe(true);
  });

  it.each<[string, (pod: Record<string, unknown>, container: Record<string, unknown>) => void]>([
    ['a field has another value', (_, container) => void (container['args'] = ['y'])],
    ['a field is gone', (_, container) => void Reflect.deleteProperty(container, 'args')],
    ['a field was added', (_, container) => void (container['workingDir'] = '/')],
    ['a default was changed', (pod) => void (pod['securityContext'] = { runAsUser: 0 })],
    ['something was added to a list', (pod) => void (pod['containers'] = [{ name: 'c', args: ['x'] }, { name: 'd' }])],
    ['a list became something else', (pod) => void (pod['containers'] = {})],
    ['the old name of the account differs', (pod) => void (pod['serviceAccount'] = 'other')],
    ['a volume was added', (pod) => void (pod['volumes'] = [{ name: 'v' }])],
  ])('is not as wanted where %s', (_what, change) => {
    expect(isAsWanted({ ...WANTED, jobTemplate: withMetadata() }, found(change))).toBe(false);
  });

  it('is not as wanted where there is nothing', () => {
    expect(isAsWanted(WANTED, undefined)).toBe(false);
    expect(isAsWanted({ a: { b: 1 } }, { a: null })).toBe(false);
  });
});

function withMetadata(): object {
  const { template } = WANTED.jobTemplate.spec;
  return { spec: { template: { metadata: {}, ...template } } };
}
