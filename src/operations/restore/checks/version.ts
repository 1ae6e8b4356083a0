import type { Finding } from '../../../base/index.ts';
import { finding } from '../errors.ts';

/** What runs, or ran: as far as it is known. */
export interface Versions {
  /** `v1.31.2`. */
  readonly kubernetes: string | undefined;
  /** `4.17.9`. */
  readonly openshift: string | undefined;
}

/**
 * Whether a backup fits what the host runs. OpenShift asks for the same z-stream release ("you must use an etcd backup that was
 * taken from the same z-stream release"); for Kubernetes the same minor release, since each may store objects in ways that the one
 * before cannot read, while patch releases never do.
 */
export function checkVersions(where: string, backup: Versions, host: Versions): readonly Finding[] {
  if (backup.openshift !== undefined && host.openshift !== undefined) {
    if (backup.openshift === host.openshift) return [];
    const hint = `Use a backup of ${host.openshift}, or bring the host back to ${backup.openshift} first.`;
    return [differs(where, `the backup is of OpenShift ${backup.openshift}, this host runs ${host.openshift}`, hint)];
  }
  const [theirs, ours] = [parse(backup.kubernetes), parse(host.kubernetes)];
  if (theirs === undefined || ours === undefined) {
    const message = 'the versions of the backup and of this host cannot be compared: one of them is not known';
    return [finding('warning', 'RECOVERY_VERSION_UNKNOWN', where, message, 'Compare them yourself before you go on.')];
  }
  const both = `the backup is of Kubernetes ${backup.kubernetes ?? ''}, this host runs ${host.kubernetes ?? ''}`;
  if (theirs.minor !== ours.minor) {
    return [
      differs(where, both, `Use a backup of Kubernetes ${ours.minor}, or install ${theirs.minor} on this host first.`),
    ];
  }
  return theirs.patch === ours.patch ? [] : [finding('warning', 'RECOVERY_PATCH_DIFFERS', where, both)];
}

/** A cluster that was on its way to another release goes on with that after the restore. */
export function checkUpdate(
  where: string,
  from: string | undefined,
  updatingTo: string | undefined,
): readonly Finding[] {
  if (updatingTo === undefined) return [];
  const message = `the backup was taken while the cluster was updated from OpenShift ${from ?? '?'} to ${updatingTo}`;
  const hint =
    'The update goes on by itself when the cluster runs again. A backup from before or after it is the safer one.';
  return [finding('warning', 'RECOVERY_UPDATE_UNDER_WAY', where, message, hint)];
}

function differs(where: string, message: string, hint: string): Finding {
  return finding('error', 'RECOVERY_VERSION_DIFFERS', where, message, hint);
}

function parse(version: string | undefined): { readonly minor: string; readonly patch: string } | undefined {
  const [, minor, patch] = /^v?(\d+\.\d+)\.(\d+)/.exec(version ?? '') ?? [];
  return minor === undefined || patch === undefined ? undefined : { minor, patch };
}
