import { describe, expect, it } from 'vitest';
import type { Finding } from '../../base/index.ts';
import { OperationError } from '../errors.ts';
import { decideOnFindings, isRefused } from './preflight.ts';

const FORCE = { force: true };
const NOTHING = { force: false };

const finding = (code: string, severity: Finding['severity'] = 'error'): Finding => ({
  severity,
  code,
  where: 'x',
  message: `${code}!`,
});

describe('what the checks found', () => {
  it('stops the run with all errors at once, and the way on', () => {
    const findings = [
      finding('BACKUP_ROLLOUT_IN_PROGRESS'),
      finding('HOST_CERTIFICATE_EXPIRED'),
      finding('X', 'warning'),
    ];
    expect(isRefused(findings, NOTHING)).toBe(true);
    expect(() => decideOnFindings(findings, NOTHING)).toThrow(OperationError);
    try {
      decideOnFindings(findings, NOTHING);
    } catch (error) {
      expect(error).toMatchObject({ code: 'OPERATION_REFUSED', findings: findings.slice(0, 2) });
      expect((error as OperationError).hint).toContain('--force');
    }
  });

  it('yields to force where it is about the cluster, and becomes the reason for the mark', () => {
    expect(decideOnFindings([finding('BACKUP_ROLLOUT_UNKNOWN'), finding('X', 'note')], FORCE)).toEqual([
      'BACKUP_ROLLOUT_UNKNOWN!',
    ]);
  });

  it('yields to whoever accepts a rollout where it is about that, and nowhere else', () => {
    const accepted = { force: false, despiteRollout: true };
    expect(isRefused([finding('BACKUP_ROLLOUT_IN_PROGRESS'), finding('BACKUP_ROLLOUT_UNKNOWN')], accepted)).toBe(false);
    expect(isRefused([finding('BACKUP_ROLLOUT_UNKNOWN'), finding('BACKUP_CORRUPT_ALARM')], accepted)).toBe(true);
  });

  it('never yields where it is about the disk or a member that runs', () => {
    for (const code of ['BACKUP_NO_ROOM', 'BACKUP_MEMBER_RUNNING']) {
      expect(() => decideOnFindings([finding(code)], FORCE), code).toThrow(OperationError);
    }
  });

  it('lets a run start when nothing speaks against it', () => {
    expect(decideOnFindings([finding('X', 'warning')], NOTHING)).toEqual([]);
  });
});
