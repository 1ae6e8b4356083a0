/** The objects of the embedded engine: revisions, conflicts, what has changed lately, and a log that survives a kill. */
export { ChangeFeed, type FeedEnd } from './change-feed.ts';
export type { Decide, Decision, Write } from './commit-queue.ts';
export type { HistoryLimits } from './history.ts';
export { ObjectStore, type ObjectStoreOptions, type StoreLock } from './object-store.ts';
export { pathOf, withRevision, type Change, type ObjectKey, type StoredObject } from './stored-object.ts';
export type { View } from './view.ts';
