/** What every controller is made of: informers, a work queue with its loop, events, conditions, leader election. */
export { backOff, type BackOffOptions } from './back-off.ts';
export { setCondition, type ConditionChange, type ConditionContext } from './conditions.ts';
export {
  createController,
  type Controller,
  type ControllerDependencies,
  type ControllerOptions,
  type PassResult,
  type Reconcile,
  type ReconcileResult,
  type Syncing,
} from './controller.ts';
export { createEventRecorder, type EventNote, type EventRecorder, type EventRecorderOptions } from './events.ts';
export { createInformer, type Informer, type InformerOptions } from './informer.ts';
export { keyOf, parseKey } from './keys.ts';
export { createLeaderElection, type Lead, type LeaderElection, type LeaderElectionOptions } from './leader-election.ts';
export type { ChangeListener } from './object-cache.ts';
export { createIndex, type ObjectIndex } from './object-index.ts';
export { pause } from './pause.ts';
export { waitAfter } from './retry-after.ts';
export { formatMicroTime, formatTime } from './time-format.ts';
