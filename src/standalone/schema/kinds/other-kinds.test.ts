import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { created, kindNamed, problems } from '../test-objects.ts';

const NOW = new Date('2026-11-23T10:05:00Z');

describe('a namespace', () => {
  const kind = kindNamed('Namespace');

  it('carries its name as a label, is active, and is finalized by the server', () => {
    const object = created(kind, { metadata: { name: 'openshift-etcd', labels: { a: 'b' } } });
    expect(object).toMatchObject({
      metadata: { labels: { a: 'b', 'kubernetes.io/metadata.name': 'openshift-etcd' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    expect(problems(kind, object)).toEqual([]);
    expect(kind.row(object, NOW)).toEqual(['openshift-etcd', 'Active', '5m']);
  });
});

describe('a node', () => {
  const kind = kindNamed('Node');
  const node = (fields: JsonObject): JsonObject => created(kind, fields, 'host1');

  it('is unknown before it has said that it is ready', () => {
    expect(kind.row(node({}), NOW)).toEqual([
      'host1',
      'Unknown',
      '<none>',
      '5m',
      '',
      '<none>',
      '<none>',
      '<unknown>',
      '<unknown>',
      '<unknown>',
    ]);
  });

  it('is shown with its roles and what it runs', () => {
    const object = node({
      metadata: {
        name: 'host1',
        labels: {
          'node-role.kubernetes.io/master': '',
          'node-role.kubernetes.io/control-plane': '',
          'kubernetes.io/role': 'x',
        },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'False' }],
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        nodeInfo: {
          kubeletVersion: 'v1',
          osImage: 'Debian',
          kernelVersion: '6.1',
          architecture: 'amd64',
          containerRuntimeVersion: 'h',
        },
      },
    });
    expect(kind.row(object, NOW)).toEqual([
      'host1',
      'NotReady,SchedulingDisabled',
      'control-plane,master,x',
      '5m',
      'v1',
      '127.0.0.1',
      '<none>',
      'Debian',
      '6.1 (amd64)',
      'h',
    ]);
  });
});

describe('an event', () => {
  const kind = kindNamed('Event');
  const event = (fields: JsonObject, namespace = 'openshift-etcd'): JsonObject =>
    created(
      kind,
      { metadata: { name: 'e', namespace }, involvedObject: { kind: 'EtcdBackup', name: 'x' }, ...fields },
      'e',
    );

  it('of an object without a namespace stands in default', () => {
    expect(problems(kind, event({}, 'default'))).toEqual([]);
    expect(problems(kind, event({}))).toEqual([
      'involvedObject.namespace: Invalid value: "": does not match event.namespace',
    ]);
    expect(problems(kind, event({ involvedObject: { kind: 'Job', name: 'x', namespace: 'openshift-etcd' } }))).toEqual(
      [],
    );
  });

  it('is shown with what it is about and who said it', () => {
    const object = event({
      reason: 'R',
      message: ' M\n',
      type: 'Normal',
      firstTimestamp: '2026-11-23T10:00:00Z',
      source: { component: 'holdfast', host: 'host1' },
    });
    expect(kind.row(object, NOW)).toEqual([
      '5m',
      'Normal',
      'R',
      'etcdbackup/x',
      '',
      'holdfast, host1',
      'M',
      '5m',
      1,
      'e',
    ]);
  });

  it('that happened again is shown with when, and how often', () => {
    const counted = event({ firstTimestamp: '2026-11-23T10:00:00Z', lastTimestamp: '2026-11-23T10:04:00Z', count: 3 });
    expect(kind.row(counted, NOW)).toMatchObject({ 0: '60s', 7: '5m', 8: 3 });
    const series = event({
      eventTime: '2026-11-23T10:00:00.000000Z',
      series: { count: 5, lastObservedTime: '2026-11-23T10:04:30.000000Z' },
      reportingComponent: 'holdfast',
    });
    expect(kind.row(series, NOW)).toMatchObject({ 0: '30s', 5: 'holdfast', 7: '5m', 8: 5 });
  });
});

describe('a lease', () => {
  const kind = kindNamed('Lease');

  it('lasts some time', () => {
    expect(problems(kind, created(kind, { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } }))).toEqual([
      'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ]);
    expect(kind.row(created(kind, { spec: { holderIdentity: 'me' } }), NOW)).toEqual(['a', 'me', '5m']);
  });
});

describe('the feature gate', () => {
  const kind = kindNamed('FeatureGate');
  const gate = (spec: JsonObject, name = 'cluster'): JsonObject => created(kind, { spec }, name);

  it('is one, and its name is cluster', () => {
    expect(problems(kind, gate({}))).toEqual([]);
    expect(problems(kind, gate({}, 'mine'))).toEqual(['metadata.name: Invalid value: "mine": must be cluster']);
  });

  it('knows the feature sets of OpenShift', () => {
    expect(problems(kind, gate({ featureSet: 'TechPreviewNoUpgrade' }))).toEqual([]);
    expect(problems(kind, gate({ featureSet: 'Mine' }))[0]).toBe(
      'spec.featureSet: Unsupported value: "Mine": supported values: "CustomNoUpgrade", "DevPreviewNoUpgrade", "TechPreviewNoUpgrade", "OKD", ""',
    );
  });

  it('cannot go back from a feature set, and says so', () => {
    const old = gate({ featureSet: 'TechPreviewNoUpgrade' });
    expect(problems(kind, gate({ featureSet: '' }), old)).toEqual([
      'spec.featureSet: Invalid value: "": TechPreviewNoUpgrade may not be changed',
    ]);
    expect(problems(kind, gate({}), old)).toEqual(['spec: Invalid value: .spec.featureSet cannot be removed']);
    expect(problems(kind, gate({ featureSet: 'TechPreviewNoUpgrade' }), gate({}))).toEqual([]);
    expect(problems(kind, gate({ featureSet: 'DevPreviewNoUpgrade' }), gate({ featureSet: 'OKD' }))).toEqual([]);
  });
});

describe('the cluster version', () => {
  it('is shown as OpenShift shows it', () => {
    const kind = kindNamed('ClusterVersion');
    const object = {
      metadata: { name: 'version' },
      spec: {},
      status: {
        history: [
          { state: 'Partial', version: '4.18.0' },
          { state: 'Completed', version: '4.17.9' },
        ],
        conditions: [
          { type: 'Progressing', status: 'True', lastTransitionTime: '2026-11-23T10:00:00Z', message: 'Working' },
        ],
      },
    };
    expect(kind.row(object, NOW)).toEqual(['version', '4.17.9', null, 'True', '5m', 'Working']);
  });
});
