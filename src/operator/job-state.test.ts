import { describe, expect, it } from 'vitest';
import { objects, type Job, type Pod } from '../apiserver/index.ts';
import { encodeJobReport, type JobReport } from '../crd/index.ts';
import { FAILURE, SUCCESS } from '../../test/kit/operator-cluster.ts';
import { judgeJob } from './job-state.ts';

function job(...conditions: readonly object[]): Job {
  return objects.job.parse({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', namespace: 'openshift-etcd' },
    spec: { template: { spec: { containers: [] } } },
    status: { conditions: conditions.map((each) => ({ status: 'True', ...each })) },
  });
}

const COMPLETE = { type: 'Complete' };
const FAILED = {
  type: 'Failed',
  reason: 'BackoffLimitExceeded',
  message: 'Job has reached the specified backoff limit',
};

let pods = 0;

function pod(phase: string, state: object, creationTimestamp = `2026-11-22T15:44:${10 + (++pods % 50)}Z`): Pod {
  return objects.pod.parse({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', creationTimestamp },
    spec: { containers: [], nodeName: 'master-0' },
    status: { phase, containerStatuses: [{ name: 'cluster-backup', state }] },
  });
}

function ended(report: JobReport | string, exitCode = 0): Pod {
  const message = typeof report === 'string' ? report : encodeJobReport(report);
  return pod(exitCode === 0 ? 'Succeeded' : 'Failed', {
    terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', message },
  });
}

/** The failure's code and message, or the kind. */
function verdict(of: Job, ...its: readonly Pod[]): string {
  const state = judgeJob(of, its);
  return state.kind === 'failed' ? `${state.failure.code}: ${state.failure.message}` : state.kind;
}

describe('A Job', () => {
  it('is at work until a condition ends it', () => {
    expect(verdict(job(), ended(SUCCESS))).toBe('at-work');
    expect(verdict(job({ ...COMPLETE, status: 'False' }), ended(SUCCESS))).toBe('at-work');
    expect(verdict(job({ type: 'SuccessCriteriaMet' }), ended(SUCCESS))).toBe('at-work');
  });

  it('has taken a backup where it is complete and a pod of it, not necessarily the newest, reported one', () => {
    expect(verdict(job(COMPLETE), ended(FAILURE, 1), ended(SUCCESS))).toBe('succeeded');
    expect(verdict(job(COMPLETE), ended(SUCCESS), ended(FAILURE, 1))).toBe('succeeded');
  });

  it.each([
    ['no pod', []],
    ['a pod without a word', [pod('Succeeded', { terminated: { exitCode: 0 } })]],
    ['a report that is cut short', [ended(encodeJobReport(SUCCESS).slice(0, 100))]],
    ['a report of a pod that failed', [ended(SUCCESS, 1)]],
    ['a report of a failure', [ended(FAILURE)]],
  ])('has taken none where it is complete with %s', (_what, its) => {
    expect(verdict(job(COMPLETE), ...its)).toMatch(/^OPERATOR_NO_REPORT: Job j ended well, but no report/);
  });

  it('that failed tells what its newest pod reported', () => {
    const older = { ...FAILURE, message: 'the older reason' };
    const its = [
      pod('Failed', terminated(older), '2026-11-22T15:44:00Z'),
      pod('Failed', terminated(FAILURE), '2026-11-22T15:45:00Z'),
    ];
    expect(verdict(job(FAILED), ...its)).toBe('ETCD_UNREACHABLE: no member of etcd answers');
  });

  it('that took too long says so, and what a pod said before', () => {
    const late = {
      type: 'Failed',
      reason: 'DeadlineExceeded',
      message: 'Job was active longer than specified deadline',
    };
    expect(verdict(job(late), ended(FAILURE, 1))).toBe(
      'OPERATOR_JOB_DEADLINE: Job j failed (DeadlineExceeded): Job was active longer than specified deadline; before that: no member of etcd answers',
    );
  });

  it('that failed without a report tells how its pod ended', () => {
    const killed = pod('Failed', { terminated: { exitCode: 137, reason: 'OOMKilled' } });
    expect(verdict(job(FAILED), killed)).toBe(
      'OPERATOR_JOB_FAILED: Job j failed (BackoffLimitExceeded): Job has reached the specified backoff limit; its last pod ended with exit code 137 (OOMKilled)',
    );
    const talkative = ended('first line\nsegmentation fault\n', 139);
    expect(verdict(job({ type: 'Failed' }), talkative)).toBe(
      'OPERATOR_JOB_FAILED: Job j failed; its last pod ended with exit code 139 (Error); segmentation fault',
    );
    const waiting = pod('Pending', { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } });
    expect(verdict(job({ type: 'Failed' }), waiting)).toBe(
      'OPERATOR_JOB_FAILED: Job j failed; its pod was waiting: ImagePullBackOff: no such image',
    );
  });

  it('that failed as a pod of it died without a word denies no backup that may stand', () => {
    const hintOf = (pod: Pod): string => {
      const state = judgeJob(job(FAILED), [pod]);
      return state.kind === 'failed' ? (state.failure.hint ?? '') : '';
    };
    expect(hintOf(pod('Failed', { terminated: { exitCode: 137 } }))).toContain('A backup may stand all the same');
    expect(hintOf(pod('Pending', { waiting: { reason: 'ImagePullBackOff' } }))).not.toContain('may stand');
  });

  it('that failed tells who ended its pod from outside, although no container of it could say so', () => {
    const evicted = {
      ...pod('Failed', {}),
      status: { phase: 'Failed' as const, reason: 'Evicted', message: 'low on memory' },
    };
    expect(verdict(job(FAILED), evicted)).toMatch(/; its pod was ended: Evicted: low on memory$/);
    const words = { reason: 'TerminationByKubelet', message: 'preempted' };
    const conditions = [{ type: 'DisruptionTarget', status: 'True' as const, ...words }];
    expect(verdict(job(FAILED), { ...evicted, status: { phase: 'Failed', conditions } })).toMatch(
      /; its pod was ended: TerminationByKubelet: preempted$/,
    );
  });

  it('that failed is never taken for a backup, but names the one that a pod reported', () => {
    expect(verdict(job(FAILED), ended(SUCCESS))).toContain(`yet one of its pods reported the backup ${SUCCESS.id}`);
  });

  it('tells the node of its newest pod', () => {
    expect(judgeJob(job(COMPLETE), [ended(SUCCESS)])).toMatchObject({ nodeName: 'master-0' });
  });
});

function terminated(report: JobReport): object {
  return { terminated: { exitCode: 1, message: encodeJobReport(report) } };
}
