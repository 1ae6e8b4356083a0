import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../json.ts';
import { created, kindNamed, problems } from '../test-objects.ts';

const kind = kindNamed('Job');

function problemsOf(rules: readonly JsonObject[], fields: JsonObject = {}, restartPolicy = 'Never'): readonly string[] {
  const template = { spec: { restartPolicy, containers: [{ name: 'main', image: 'x' }] } };
  return problems(kind, created(kind, { spec: { template, podFailurePolicy: { rules: [...rules] }, ...fields } }));
}

const onCodes = (codes: JsonObject): JsonObject => ({ action: 'FailJob', onExitCodes: codes });
const AT = 'spec.podFailurePolicy.rules';

describe("A job's policy on failed pods", () => {
  it('is taken, and has terminating pods replaced only once they have ended', () => {
    const rules = [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
      onCodes({ containerName: 'main', operator: 'In', values: [2, 3] }),
      { action: 'Count', onExitCodes: { operator: 'NotIn', values: [0] } },
    ];
    expect(problemsOf(rules)).toEqual([]);
    expect(problemsOf([])).toEqual([]);
    expect(created(kind, { spec: { template: { spec: {} }, podFailurePolicy: { rules: [...rules] } } })).toMatchObject({
      spec: {
        podReplacementPolicy: 'Failed',
        podFailurePolicy: { rules: [{ onPodConditions: [{ status: 'True' }] }, {}, {}] },
      },
    });
  });

  it.each<[string, JsonObject, string]>([
    [
      'no action',
      { onExitCodes: { operator: 'In', values: [1] } },
      `${AT}[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
    ],
    [
      'an action that nobody knows',
      { action: 'Retry', onExitCodes: { operator: 'In', values: [1] } },
      `${AT}[0].action: Unsupported value: "Retry": supported values: "Count", "FailIndex", "FailJob", "Ignore"`,
    ],
    [
      'an index of a Job that has none',
      { action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } },
      `${AT}[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
    ],
    [
      'nothing to match',
      { action: 'Ignore' },
      `${AT}[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`,
    ],
    [
      'two things to match',
      { ...onCodes({ operator: 'In', values: [1] }), onPodConditions: [{ type: 'A', status: 'True' }] },
      `${AT}[0]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported`,
    ],
    [
      'an operator that nobody knows',
      onCodes({ operator: 'Is', values: [1] }),
      `${AT}[0].onExitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"`,
    ],
    [
      'a container that is not there',
      onCodes({ containerName: 'x', operator: 'In', values: [1] }),
      `${AT}[0].onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template`,
    ],
    [
      'no values',
      onCodes({ operator: 'In', values: [] }),
      `${AT}[0].onExitCodes.values: Invalid value: []: at least one value is required`,
    ],
    [
      'success as a failure',
      onCodes({ operator: 'In', values: [0] }),
      `${AT}[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator`,
    ],
    [
      'a value twice',
      onCodes({ operator: 'In', values: [2, 2] }),
      `${AT}[0].onExitCodes.values[1]: Duplicate value: 2`,
    ],
    [
      'values out of order',
      onCodes({ operator: 'In', values: [3, 2] }),
      `${AT}[0].onExitCodes.values: Invalid value: [3,2]: must be ordered`,
    ],
    [
      'a status that nobody knows',
      { action: 'Ignore', onPodConditions: [{ type: 'A', status: 'Yes' }] },
      `${AT}[0].onPodConditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"`,
    ],
  ])('is refused with %s', (_what, rule, problem) => {
    expect(problemsOf([rule])).toEqual([problem]);
  });

  it('is refused with more than 20 rules', () => {
    const rules = Array.from({ length: 21 }, () => onCodes({ operator: 'In', values: [1] }));
    expect(problemsOf(rules)).toEqual([`${AT}: Too many: 21: must have at most 20 items`]);
  });

  it('goes with pods that are neither restarted in place nor replaced while they end', () => {
    expect(problemsOf([], {}, 'OnFailure')).toEqual([
      'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
    ]);
    expect(problemsOf([], { podReplacementPolicy: 'TerminatingOrFailed' })).toEqual([
      'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
    ]);
  });

  it('is not needed to say how pods are replaced', () => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'x' }] } };
    const job = (podReplacementPolicy: string): JsonObject =>
      created(kind, { spec: { template, podReplacementPolicy } });
    expect(problems(kind, job('TerminatingOrFailed'))).toEqual([]);
    expect(problems(kind, job('Never'))).toEqual([
      'spec.podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", "TerminatingOrFailed"',
    ]);
  });
});
