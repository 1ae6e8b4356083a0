import type { Time } from '../../base/index.ts';
import type { ObjectStore } from '../objects/index.ts';
import type { KindRegistry } from './kinds/kind-registry.ts';

/** What the verbs work with. */
export interface Environment {
  readonly objects: ObjectStore;
  readonly kinds: KindRegistry;
  readonly time: Time;
  /** From 0 up to 1, for generated names and for the length of watches. */
  readonly random: () => number;
  readonly newUid: () => string;
  /** Aborts when the API closes: watches end then. */
  readonly closing: AbortSignal;
  readonly readPodLog: ReadPodLog | undefined;
}

/** What of a pod's log is asked for. */
export interface PodLogRequest {
  readonly namespace: string;
  readonly pod: string;
  /** `''`: the only one. */
  readonly container: string;
  /** Whether to wait for what is still written, until the container has ended. */
  readonly follow: boolean;
  /** How many of the last lines; undefined for all. */
  readonly tailLines: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly limitBytes: number | undefined;
  readonly timestamps: boolean;
  readonly signal: AbortSignal;
}

/** Gives a pod's log, or undefined where there is none (yet). */
export type ReadPodLog = (request: PodLogRequest) => Promise<AsyncIterable<Uint8Array> | undefined>;
