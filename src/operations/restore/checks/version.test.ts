import { describe, expect, it } from 'vitest';
import { checkUpdate, checkVersions } from './version.ts';

const kubernetes = (version: string | undefined): Parameters<typeof checkVersions>[1] => ({
  kubernetes: version,
  openshift: undefined,
});
const codes = (...args: Parameters<typeof checkVersions>): readonly string[] =>
  checkVersions(...args).map(({ severity, code }) => `${severity} ${code}`);

describe('checkVersions', () => {
  it('wants the same z-stream of OpenShift, whatever Kubernetes says', () => {
    const of = (openshift: string) => ({ kubernetes: 'v1.30.0', openshift });
    expect(codes('b', of('4.17.9'), of('4.17.9'))).toEqual([]);
    expect(codes('b', of('4.17.8'), of('4.17.9'))).toEqual(['error RECOVERY_VERSION_DIFFERS']);
  });

  it('wants the same minor release of Kubernetes, and only warns of another patch release', () => {
    expect(codes('b', kubernetes('v1.31.2'), kubernetes('v1.31.2'))).toEqual([]);
    expect(codes('b', kubernetes('v1.31.2'), kubernetes('v1.31.10'))).toEqual(['warning RECOVERY_PATCH_DIFFERS']);
    expect(codes('b', kubernetes('v1.3.2'), kubernetes('v1.31.2'))).toEqual(['error RECOVERY_VERSION_DIFFERS']);
  });

  it('says when nothing can be compared', () => {
    expect(codes('b', kubernetes(undefined), kubernetes('v1.31.2'))).toEqual(['warning RECOVERY_VERSION_UNKNOWN']);
  });
});

describe('checkUpdate', () => {
  it('warns of a backup from the midst of an update, with both releases', () => {
    expect(checkUpdate('b', '4.17.5', undefined)).toEqual([]);
    expect(checkUpdate('b', '4.17.5', '4.18.1')).toMatchObject([
      {
        severity: 'warning',
        code: 'RECOVERY_UPDATE_UNDER_WAY',
        message: expect.stringContaining('4.17.5 to 4.18.1') as string,
      },
    ]);
  });
});
