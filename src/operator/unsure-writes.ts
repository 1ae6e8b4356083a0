import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../apiserver/index.ts';
import type { EventNote } from '../controller/index.ts';

/** Of one object. */
const MOST_UNSURE = 5;

/** A status that was to be written. */
interface Written {
  /** As it was read before. */
  readonly object: KubeObject & { readonly status?: unknown };
  readonly status: unknown;
  /** What was to be told once it stands. */
  readonly events: readonly EventNote[];
}

/**
 * A status whose write failed may stand all the same: the answer was lost. A later pass that finds it has nothing to add and
 * would tell of nothing, so what goes with it is remembered until then.
 */
export class UnsureWrites {
  readonly #writes = new Map<string, readonly Written[]>();

  /** The version that the last write of an object came after, as long as the informer may not have seen that. */
  readonly #doneAfter = new Map<string, string>();

  /** The write of this pass was done. */
  settle(key: string, { object, events }: Omit<Written, 'status'>): void {
    this.#writes.delete(key);
    if (events.length > 0) this.#doneAfter.set(key, object.metadata.resourceVersion);
  }

  /** The write of this pass failed. */
  remember(key: string, pass: Written): void {
    if (this.#doneAfter.get(key) === pass.object.metadata.resourceVersion) return;
    if (pass.events.length > 0) this.#writes.set(key, [...(this.#writes.get(key) ?? []).slice(1 - MOST_UNSURE), pass]);
  }

  /** Of the write that the object shows to have been done. */
  eventsThatHold(key: string, { metadata, status }: Written['object']): readonly EventNote[] {
    const done = this.#writes
      .get(key)
      ?.find((each) => each.object.metadata.uid === metadata.uid && isSameStatus(each.status, status));
    if (done !== undefined) this.#writes.delete(key);
    return done?.events ?? [];
  }

  forget(key: string): void {
    this.#writes.delete(key);
    this.#doneAfter.delete(key);
  }
}

/** As JSON, in which a field that is undefined is not there. */
export function isSameStatus(one: unknown, other: unknown): boolean {
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? {}));
  return isDeepStrictEqual(plain(one), plain(other));
}
