import { describe, expect, it } from 'vitest';
import { objects, type Job, type Pod } from '../../../apiserver/index.ts';
import { endByPolicy, isCounted } from './pod-failure-policy.ts';

function job(...rules: readonly object[]): Job {
  return objects.job.parse({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'backup', namespace: 'openshift-etcd' },
    spec: { podFailurePolicy: { rules }, template: { spec: { containers: [{ name: 'main' }] } } },
  });
}

function failedPod(exitCode: number, conditions: readonly object[] = []): Pod {
  return objects.pod.parse({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'backup-x', namespace: 'openshift-etcd' },
    spec: { containers: [{ name: 'main' }] },
    status: {
      phase: 'Failed',
      conditions,
      containerStatuses: [{ name: 'main', state: { terminated: { exitCode } } }],
    },
  });
}

const DISRUPTED = [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }];
const ignoreDisruption = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] };
const failOn = (values: readonly number[], more: object = {}): object => ({
  action: 'FailJob',
  onExitCodes: { operator: 'In', values, ...more },
});

describe('The policy of a Job on failed pods', () => {
  it('goes by the first rule that matches', () => {
    const policy = job(ignoreDisruption, failOn([2, 3]));
    expect(endByPolicy(policy, [failedPod(3)])?.message).toBe(
      'Container main for pod openshift-etcd/backup-x failed with exit code 3 matching FailJob rule at index 1',
    );
    expect(endByPolicy(policy, [failedPod(3, DISRUPTED)])).toBeUndefined();
    expect(isCounted(failedPod(3, DISRUPTED), policy)).toBe(false);
    expect(isCounted(failedPod(3), policy)).toBe(true);
  });

  it('counts what no rule matches', () => {
    const policy = job(failOn([2]), { action: 'Count', onExitCodes: { operator: 'In', values: [4] } });
    for (const code of [4, 6]) {
      expect(endByPolicy(policy, [failedPod(code)])).toBeUndefined();
      expect(isCounted(failedPod(code), policy)).toBe(true);
    }
  });

  it('looks at the container that it names, and never at exit code 0', () => {
    expect(endByPolicy(job(failOn([2], { containerName: 'other' })), [failedPod(2)])).toBeUndefined();
    expect(endByPolicy(job(failOn([2], { operator: 'NotIn' })), [failedPod(0)])).toBeUndefined();
    expect(endByPolicy(job(failOn([2], { operator: 'NotIn' })), [failedPod(3)])).toBeDefined();
  });

  it('may go by conditions of a pod, and ends a Job with the words of Kubernetes', () => {
    const policy = job({ ...ignoreDisruption, action: 'FailJob' });
    expect(endByPolicy(policy, [failedPod(1, DISRUPTED)])).toEqual({
      isSuccess: false,
      reason: 'PodFailurePolicy',
      message: 'Pod openshift-etcd/backup-x has condition DisruptionTarget matching FailJob rule at index 0',
    });
    expect(endByPolicy(policy, [failedPod(1)])).toBeUndefined();
  });

  it('is silent about pods that are at work, and where there is none', () => {
    const running = { ...failedPod(2), status: { phase: 'Running' as const } };
    expect(endByPolicy(job(failOn([2])), [running])).toBeUndefined();
    expect(isCounted(failedPod(2), job())).toBe(true);
  });
});
