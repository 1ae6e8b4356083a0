import { describe, expect, it } from 'vitest';
import { objectAt, type JsonObject } from '../json.ts';
import { prepareObject } from '../prepare.ts';
import { created, kindNamed, problems } from '../test-objects.ts';

const NOW = new Date('2026-11-23T10:05:00Z');
const podKind = kindNamed('Pod');
const jobKind = kindNamed('Job');
const cronJobKind = kindNamed('CronJob');

const container: JsonObject = { name: 'a', image: 'b' };
const podSpec = (fields: JsonObject = {}): JsonObject => ({ containers: [container], ...fields });
const pod = (fields?: JsonObject): JsonObject => created(podKind, { spec: podSpec(fields) });
const template = (fields?: JsonObject): JsonObject => ({ spec: podSpec({ restartPolicy: 'Never', ...fields }) });
const job = (fields: JsonObject = {}): JsonObject => created(jobKind, { spec: { template: template(), ...fields } });

describe('a pod', () => {
  it('gets the defaults of Kubernetes', () => {
    expect(pod({ volumes: [{ name: 'v' }] })).toMatchObject({
      spec: {
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        terminationGracePeriodSeconds: 30,
        schedulerName: 'default-scheduler',
        securityContext: {},
        enableServiceLinks: true,
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [
          {
            imagePullPolicy: 'Always',
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            resources: {},
          },
        ],
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  });

  it.each([
    ['b', 'Always'],
    ['b:latest', 'Always'],
    ['b:v1', 'IfNotPresent'],
    ['registry:5000/a/b', 'Always'],
    ['b@sha256:00', 'IfNotPresent'],
  ])('pulls %s %s', (image, policy) => {
    expect(pod({ containers: [{ name: 'a', image }] })).toMatchObject({
      spec: { containers: [{ imagePullPolicy: policy }] },
    });
  });

  it('asks for what it is limited to', () => {
    const limits = { cpu: '1', memory: '1Gi' };
    const limited = pod({ containers: [{ ...container, resources: { limits: { cpu: '1000m', memory: '1024Mi' } } }] });
    expect(limited).toMatchObject({
      spec: { containers: [{ resources: { limits, requests: limits } }] },
      status: { qosClass: 'Guaranteed' },
    });
    const half = pod({ containers: [{ ...container, resources: { requests: { cpu: '1' } } }] });
    expect(half).toMatchObject({ status: { qosClass: 'Burstable' } });
  });

  // The sentences are kube-apiserver's, but for those that name holdfast.
  it.each<[JsonObject, string]>([
    [{ containers: [] }, 'spec.containers: Required value'],
    [
      { containers: [{ name: 'A', image: 'b' }] },
      'spec.containers[0].name: Invalid value: "A": a lowercase RFC 1123 label',
    ],
    [{ containers: [container, container] }, 'spec.containers[1].name: Duplicate value: "a"'],
    [{ containers: [{ name: 'a' }] }, 'spec.containers[0].image: Required value'],
    [
      { containers: [{ ...container, env: [{ name: 'a=b' }] }] },
      'spec.containers[0].env[0].name: Invalid value: "a=b"',
    ],
    [
      { containers: [{ ...container, env: [{ name: 'X', valueFrom: {} }] }] },
      'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`',
    ],
    [
      { containers: [{ ...container, volumeMounts: [{ name: 'q', mountPath: '/a' }] }] },
      'spec.containers[0].volumeMounts[0].name: Not found: "q"',
    ],
    [
      {
        volumes: [{ name: 'v' }],
        containers: [
          {
            ...container,
            volumeMounts: [
              { name: 'v', mountPath: '/a' },
              { name: 'v', mountPath: '/a' },
            ],
          },
        ],
      },
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
    ],
    [{ volumes: [{ name: 'v' }, { name: 'v' }] }, 'spec.volumes[1].name: Duplicate value: "v"'],
    [
      { volumes: [{ name: 'v', emptyDir: {}, persistentVolumeClaim: { claimName: 'c' } }] },
      'spec.volumes[0].persistentVolumeClaim: Forbidden: may not specify more than 1 volume type',
    ],
    [
      { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: '' } }] },
      'spec.volumes[0].persistentVolumeClaim.claimName: Required value',
    ],
    [
      { volumes: [{ name: 'v', hostPath: { path: '/a/../b' } }] },
      'spec.volumes[0].hostPath.path: Invalid value: "/a/../b"',
    ],
    [
      { restartPolicy: 'X' },
      'spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      { activeDeadlineSeconds: 0 },
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ],
    [{ initContainers: [container] }, 'spec.initContainers: Forbidden: holdfast standalone runs plain containers only'],
  ])('is refused as %j', (fields, problem) => {
    const found = problems(podKind, pod(fields));
    expect(found).toHaveLength(1);
    expect(found.join()).toContain(problem);
  });

  it('cannot be changed once it stands, nor be put on a node so', () => {
    const old = pod();
    expect(problems(podKind, pod({ nodeName: 'host1' }), pod({ nodeName: 'host1' }))).toEqual([]);
    expect(problems(podKind, pod({ nodeName: 'host1' }), old).join()).toContain(
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
    );
    expect(problems(podKind, pod({ hostname: 'x' }), old)).toHaveLength(1);
  });

  const state = (...containerStatuses: JsonObject[]): JsonObject => ({ phase: 'Running', containerStatuses });

  it.each<[string, JsonObject, string, string]>([
    ['waits', state({ state: { waiting: { reason: 'ContainerCreating' } } }), 'ContainerCreating', '0/1'],
    ['runs', state({ ready: true, state: { running: {} } }), 'Running', '1/1'],
    ['is done', state({ state: { terminated: { exitCode: 0, reason: 'Completed' } } }), 'Completed', '0/1'],
    ['has failed', state({ state: { terminated: { exitCode: 1, reason: 'Error' } } }), 'Error', '0/1'],
    ['was killed', state({ state: { terminated: { exitCode: 137, signal: 9 } } }), 'Signal:9', '0/1'],
    ['ended by itself', state({ state: { terminated: { exitCode: 3 } } }), 'ExitCode:3', '0/1'],
    ['took too long', { phase: 'Failed', reason: 'DeadlineExceeded' }, 'DeadlineExceeded', '0/1'],
  ])('that %s is shown so', (_, status, word, ready) => {
    expect(podKind.row({ ...pod(), status }, NOW).slice(0, 5)).toEqual(['a', ready, word, '0', '5m']);
  });

  it('shows how often it was started again, and when last', () => {
    const ended = { terminated: { finishedAt: '2026-11-23T10:04:00Z', exitCode: 1 } };
    const status = state({ restartCount: 2, ready: true, state: { running: {} }, lastState: ended });
    expect(podKind.row({ ...pod(), status }, NOW)[3]).toBe('2 (60s ago)');
  });
});

describe('a job', () => {
  it('runs once, tries seven times, and finds its pods by its own uid', () => {
    const labels = {
      'batch.kubernetes.io/controller-uid': 'u-1',
      'batch.kubernetes.io/job-name': 'a',
      'controller-uid': 'u-1',
      'job-name': 'a',
    };
    expect(job()).toMatchObject({
      spec: {
        completions: 1,
        parallelism: 1,
        backoffLimit: 6,
        completionMode: 'NonIndexed',
        suspend: false,
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u-1' } },
        template: { metadata: { labels } },
      },
      status: {},
    });
    expect(problems(jobKind, job())).toEqual([]);
  });

  it('counts no completions where only pods at once are said', () => {
    expect(objectAt(job({ parallelism: 2 }), 'spec')).not.toHaveProperty('completions');
  });

  it.each<[JsonObject, readonly string[]]>([
    [
      { template: { spec: podSpec() } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [{ parallelism: -1 }, ['spec.parallelism: Invalid value: -1: must be greater than or equal to 0']],
    [
      { template: { ...template(), metadata: { labels: { 'job-name': 'other' } } } },
      [
        'spec.template.metadata.labels[job-name]: Invalid value: {"batch.kubernetes.io/controller-uid":"u-1","controller-uid":"u-1","batch.kubernetes.io/job-name":"a","job-name":"other"}: must be \'a\'',
      ],
    ],
    [
      { completionMode: 'Indexed' },
      ['spec.completionMode: Invalid value: "Indexed": holdfast standalone runs jobs without an index only'],
    ],
  ])('is refused as %j', (fields, expected) => {
    expect(problems(jobKind, job(fields))).toEqual(expected);
  });

  it('keeps its template', () => {
    const found = problems(jobKind, job({ template: template({ hostname: 'x' }) }), job());
    expect(found).toHaveLength(1);
    expect(found.join()).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/s);
    expect(
      problems(jobKind, job({ suspend: true, ttlSecondsAfterFinished: 1, parallelism: 2, completions: 1 }), job()),
    ).toEqual([]);
  });

  const ended = (type: string, before: string, more: JsonObject = {}): JsonObject => ({
    startTime: '2026-11-23T10:00:00Z',
    conditions: [
      { type: before, status: 'True' },
      { type, status: 'True' },
    ],
    ...more,
  });
  const completionTime = '2026-11-23T10:01:00Z';

  it('ends as the Job API demands', () => {
    const complete = ended('Complete', 'SuccessCriteriaMet', { completionTime, succeeded: 1 });
    expect(problems(jobKind, { ...job(), status: complete })).toEqual([]);
    expect(problems(jobKind, { ...job(), status: ended('Failed', 'FailureTarget') })).toEqual([]);
    expect(problems(jobKind, { ...job(), status: ended('Failed', 'Complete') })).toEqual([
      'status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions',
      'status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition',
      'status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
      'status.completionTime: Required value: completionTime is required for Complete jobs',
    ]);
  });

  it('is shown with its state and how long it took', () => {
    const complete = { ...job(), status: ended('Complete', 'SuccessCriteriaMet', { completionTime, succeeded: 1 }) };
    expect(jobKind.row(complete, NOW)).toEqual([
      'a',
      'Complete',
      '1/1',
      '60s',
      '5m',
      'a',
      'b',
      'batch.kubernetes.io/controller-uid=u-1',
    ]);
    expect(jobKind.row(job({ parallelism: 3 }), NOW).slice(0, 4)).toEqual(['a', 'Running', '0/1 of 3', '']);
  });
});

describe('a cron job', () => {
  const spec = (fields: JsonObject = {}): JsonObject => ({
    schedule: '20 4 * * *',
    jobTemplate: { spec: { template: template() } },
    ...fields,
  });
  const cronJob = (fields?: JsonObject, name?: string): JsonObject =>
    created(cronJobKind, { spec: spec(fields) }, name);

  it('gets the defaults of Kubernetes; its jobs get theirs when they are made', () => {
    const object = cronJob();
    expect(object).toMatchObject({
      spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
    });
    expect(objectAt(object, 'spec', 'jobTemplate', 'spec')).not.toHaveProperty('backoffLimit');
    expect(problems(cronJobKind, object)).toEqual([]);
  });

  it.each<[JsonObject, readonly string[]]>([
    [{ schedule: '' }, ['spec.schedule: Required value']],
    [
      { schedule: '61 * * * *' },
      ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
    ],
    [
      { schedule: 'CRON_TZ=UTC 1 1 * * *' },
      [
        'spec.schedule: Invalid value: "CRON_TZ=UTC 1 1 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ],
    ],
    [{ timeZone: 'Mars/One' }, ['spec.timeZone: Invalid value: "Mars/One": unknown time zone Mars/One']],
    [
      { concurrencyPolicy: 'X' },
      ['spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace"'],
    ],
    [
      { startingDeadlineSeconds: -1 },
      ['spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      { jobTemplate: { spec: { template: { spec: { containers: [] } } } } },
      [
        'spec.jobTemplate.spec.template.spec.containers: Required value',
        'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
      ],
    ],
  ])('is refused as %j', (fields, expected) => {
    expect(problems(cronJobKind, cronJob(fields))).toEqual(expected);
  });

  it('leaves room in its name for the time of a run', () => {
    const name = 'x'.repeat(53);
    expect(problems(cronJobKind, cronJob({}, name))).toEqual([
      `metadata.name: Invalid value: "${name}": must be no more than 52 characters`,
    ]);
  });

  it('is shown with its schedule and its last run', () => {
    expect(cronJobKind.row(cronJob({ timeZone: 'UTC' }), NOW).slice(0, 7)).toEqual([
      'a',
      '20 4 * * *',
      'UTC',
      'False',
      0,
      '<none>',
      '5m',
    ]);
    const ran = {
      ...cronJob({ suspend: true }),
      status: { active: [{ name: 'x' }], lastScheduleTime: '2026-11-23T10:04:30Z' },
    };
    expect(cronJobKind.row(ran, NOW).slice(2, 6)).toEqual(['<none>', 'True', 1, '30s']);
  });
});

describe('preparing a workload', () => {
  it.each([
    ['Pod', pod({ volumes: [{ name: 'v' }], serviceAccountName: 's' })],
    ['Job', job({ parallelism: 2 })],
    [
      'CronJob',
      created(cronJobKind, { spec: { schedule: '@daily', jobTemplate: { spec: { template: template() } } } }),
    ],
  ])('of kind %s twice is preparing it once', (kind, object) => {
    expect(prepareObject(kindNamed(kind), object)).toEqual({ object, unknownFields: [] });
  });
});
