export type { Alarm, ClusterState, ConfState, SnapshotMember } from './cluster-state.ts';
export type { ContentHash } from './content-hash.ts';
export { SnapshotError, snapshotErrors } from './errors.ts';
export { snapshotFindings, type SnapshotFindingCode } from './findings.ts';
export { inspectSnapshot, type InspectOptions, type SnapshotReport } from './inspect.ts';
export { joinParts, type JoinOptions, type SnapshotStatus, type WalkReport } from './join-parts.ts';
export type { KeySpaceCounts, Revision } from './key-space.ts';
export {
  checkTrailer,
  contentSize,
  hasTrailer,
  SnapshotHasher,
  trailerFindings,
  TRAILER_SIZE,
  type TrailerOptions,
  type TrailerReport,
  type TrailerState,
} from './trailer.ts';
export type { EntryVisitor } from './visitor.ts';
export { walkPart, type PartResult, type WalkPartOptions } from './walk-part.ts';
export { planWalk, type PartStep, type PlanOptions, type WalkPart, type WalkPlan } from './walk-plan.ts';
export {
  planRestore,
  readDataDirectory,
  restoreErrors,
  RestoreError,
  restoreMember,
  TARGET_RELEASES,
  type RestoredMember,
  type RestoreMemberOptions,
  type RestorePlan,
  type TargetRelease,
} from './restore/index.ts';
