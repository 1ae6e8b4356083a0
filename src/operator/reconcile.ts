import { isDeepStrictEqual } from 'node:util';
import { ApiServerError, type Condition, type KubeClient, type KubeObject, type Resource } from '../apiserver/index.ts';
import type { Log, Time } from '../base/index.ts';
import {
  parseKey,
  setCondition,
  type ConditionChange,
  type EventNote,
  type EventRecorder,
  type Informer,
  type Reconcile,
} from '../controller/index.ts';
import { STATUS_ANNOTATION } from '../crd/index.ts';
import { hasCode } from './answers.ts';
import { isSameStatus, UnsureWrites } from './unsure-writes.ts';

/** An object whose status the operator writes. */
export type Governed = KubeObject & { readonly status?: { conditions?: Condition[] | undefined } | undefined };

/** One pass over one object. Steps read `object` and change `status`; the skeleton writes that once, at the end. */
export interface Pass<T extends Governed> {
  /** As it was read; never changed. */
  readonly object: T;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** What the status is to be. Steps replace its fields. */
  status: NonNullable<T['status']>;
  /** Recorded once the status stands. */
  readonly events: EventNote[];
}

/** Nothing: the next step is due. Otherwise the pass is over, and comes again after so many milliseconds if it says so. */
export type Verdict = undefined | 'done' | { readonly again: number };

export type Step<T extends Governed> = (pass: Pass<T>) => Promise<Verdict> | Verdict;

export interface Shape<T extends Governed> {
  readonly resource: Resource<T>;
  readonly informer: Informer<T>;
  /** Tried in this order until one ends the pass. */
  readonly steps: readonly Step<T>[];
  /** Says on the object what keeps a step from being taken, which is tried again. */
  readonly hindered?: (pass: Pass<T>, error: ApiServerError) => void;
  /** Clears up after an object that is no longer there. */
  readonly gone: (name: string, signal: AbortSignal) => Promise<void>;
}

export interface Surroundings {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  readonly events: EventRecorder;
}

/**
 * The one shape of every reconcile: read the object, take the steps, write the status if it changed, tell the events. The
 * status is written although a step threw, so that what it found out so far can be seen; then the error decides on the retry.
 */
export function createReconcile<T extends Governed>(shape: Shape<T>, surroundings: Surroundings): Reconcile {
  const unsure = new UnsureWrites();
  return async (key, signal) => {
    const name = parseKey(key);
    const object = shape.informer.get(name);
    if (object === undefined) {
      unsure.forget(key);
      await shape.gone(name.name, signal);
      return;
    }
    await tell(shape.resource, object, unsure.eventsThatHold(key, object), surroundings);
    const status: NonNullable<T['status']> = structuredClone(object.status ?? {});
    const { time, log } = surroundings;
    const pass: Pass<T> = { object, now: time.now(), signal, log, status, events: [] };
    let verdict: Verdict;
    try {
      verdict = await takeSteps(shape.steps, pass);
    } catch (error) {
      // Who is interrupted is not hindered, and after a conflict the object is read anew at once.
      if (!signal.aborted && error instanceof ApiServerError && error.code !== 'APISERVER_CONFLICT')
        shape.hindered?.(pass, error);
      throw error;
    } finally {
      await conclude(shape.resource, pass, surroundings, { key, unsure });
    }
    return typeof verdict === 'object' ? verdict : undefined;
  };
}

async function takeSteps<T extends Governed>(steps: readonly Step<T>[], pass: Pass<T>): Promise<Verdict> {
  for (const step of steps) {
    const verdict = await step(pass);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

async function conclude<T extends Governed>(
  resource: Resource<T>,
  { object, status, events, signal }: Pass<T>,
  surroundings: Surroundings,
  { key, unsure }: { readonly key: string; readonly unsure: UnsureWrites },
): Promise<void> {
  const { client } = surroundings;
  if (!isDeepStrictEqual(status, object.status ?? {})) {
    try {
      const written = await client.updateStatus(resource, { ...object, status }, { signal });
      if (!isSameStatus(written.status, status)) await keepInAnnotation(resource, written, status, { client, signal });
    } catch (error) {
      if (hasCode(error, 'APISERVER_NOT_FOUND')) return;
      // What met another's write, or its own of a moment ago, was not done.
      if (!hasCode(error, 'APISERVER_CONFLICT')) unsure.remember(key, { object, status, events });
      throw error;
    }
    unsure.settle(key, { object, events });
  }
  await tell(resource, object, events, surroundings);
}

async function tell<T extends Governed>(
  resource: Resource<T>,
  object: T,
  events: readonly EventNote[],
  { events: recorder, log }: Surroundings,
): Promise<void> {
  for (const event of events) {
    // Events are forgotten within hours, and who keeps the log need not ask the API.
    const words = `${resource.kind} ${object.metadata.name}: ${event.message}`;
    log[event.type === 'Warning' ? 'warn' : 'info'](words, { reason: event.reason });
    await recorder.record(object, event);
  }
}

/** The server has dropped what its definition does not know; readers find it again by the schema of the kind. */
async function keepInAnnotation<T extends Governed>(
  resource: Resource<T>,
  { metadata }: T,
  status: NonNullable<T['status']>,
  { client, signal }: { readonly client: KubeClient; readonly signal: AbortSignal },
): Promise<void> {
  const annotations = { [STATUS_ANNOTATION]: JSON.stringify(status) };
  if (metadata.annotations?.[STATUS_ANNOTATION] === annotations[STATUS_ANNOTATION]) return;
  await client.patch(resource, metadata, { kind: 'merge', body: { metadata: { annotations } } }, { signal });
}

/** Puts a condition into the status of a pass. */
export function hold<T extends Governed>({ object, status, now }: Pass<T>, condition: ConditionChange): void {
  const { generation } = object.metadata;
  status.conditions = setCondition(status.conditions ?? [], condition, {
    now,
    observedGeneration: generation,
  });
}
