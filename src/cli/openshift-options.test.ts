import { describe, expect, it } from 'vitest';
import { CliError } from './errors.ts';
import { readOpenShiftOptions } from './openshift-options.ts';

describe('The options of OpenShift', () => {
  it('mean nothing elsewhere', () => {
    expect(readOpenShiftOptions({ layout: 'kubeadm' })).toBeUndefined();
  });

  it('have defaults', () => {
    expect(readOpenShiftOptions({ layout: 'openshift' })).toEqual({
      takeOver: false,
      freshHours: 24,
      rolloutWaitMs: 7_200_000,
      beforeUpdate: undefined,
    });
    expect(readOpenShiftOptions({ layout: 'openshift', beforeUpdate: true })?.beforeUpdate).toEqual({
      maxAgeMinutes: 60,
      keep: 3,
      pvcName: '',
    });
  });

  it('are refused where they cannot mean anything', () => {
    expect(() => readOpenShiftOptions({ layout: 'k3s', takeOver: true })).toThrow(CliError);
    expect(() => readOpenShiftOptions({ layout: 'kubeadm', rolloutWait: 0 })).toThrow(CliError);
    expect(() => readOpenShiftOptions({ layout: 'openshift', beforeUpdateKeep: 2 })).toThrow(CliError);
  });
});
