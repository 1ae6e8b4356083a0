/** What a cluster does by itself, on one machine. */
export { createHousekeeping, type Housekeeping, type HousekeepingOptions } from './housekeeping.ts';
export { readMachine, type Machine } from './machine.ts';
export type { NodeFacts } from './node-object.ts';
