export { readDataDirectory, type DataDirectory, type DataDirectoryOptions } from './data-directory.ts';
export type { BucketChange } from './database-changes.ts';
export { RestoreError, restoreErrors } from './errors.ts';
export {
  clusterId,
  IDENTITY_DEFAULTS,
  memberId,
  planIdentity,
  type IdentityOptions,
  type InitialMember,
  type RestoreIdentity,
} from './identity.ts';
export { planRestore, type RestorePlan, type RestorePlanOptions } from './plan-restore.ts';
export type { RaftState } from './raft-state.ts';
export { restoreMember, type RestoredMember, type RestoreMemberOptions } from './restore-member.ts';
export { chooseTarget, releaseOf, TARGET_RELEASES, type TargetRelease } from './target-release.ts';
