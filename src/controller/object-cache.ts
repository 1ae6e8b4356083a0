import type { KubeObject, ObjectName } from '../apiserver/index.ts';
import { keyOf } from './keys.ts';

/**
 * Hears of one object that came, changed or went.
 *
 * @param object - as it is now; the last known state where it went
 * @param previous - what was known before; undefined for one that came
 */
export type ChangeListener<T extends KubeObject> = (object: T, previous: T | undefined, isDeleted: boolean) => void;

/** The last known state of all objects of a kind. What goes in is frozen, because all readers share it. */
export class ObjectCache<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #listeners: ChangeListener<T>[] = [];
  readonly #onListenerError: (error: unknown, key: string) => void;

  constructor(onListenerError: (error: unknown, key: string) => void) {
    this.#onListenerError = onListenerError;
  }

  get(name: ObjectName): T | undefined {
    return this.#objects.get(keyOf(name));
  }

  list(namespace?: string): readonly T[] {
    const all = [...this.#objects.values()];
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  /** The listener hears first of the objects that are already there. */
  onChange(listener: ChangeListener<T>): void {
    this.#listeners.push(listener);
    for (const object of this.#objects.values()) this.#tell(listener, object, undefined, false);
  }

  put(object: T): void {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (previous !== undefined && isUnchanged(previous, object)) return;
    const isAnother = previous !== undefined && previous.metadata.uid !== object.metadata.uid;
    // The old one of this name went, unseen.
    if (isAnother) this.remove(previous);
    freeze(object);
    this.#objects.set(key, object);
    this.#tellAll(object, isAnother ? undefined : previous, false);
  }

  remove(object: T): void {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (previous === undefined) return;
    freeze(object);
    this.#objects.delete(key);
    this.#tellAll(object, previous, true);
  }

  /** Everything that there is: what is missing from it went. */
  replace(objects: readonly T[]): void {
    const standing = new Set(objects.map(keyOf));
    for (const [key, object] of [...this.#objects]) if (!standing.has(key)) this.remove(object);
    for (const object of objects) this.put(object);
  }

  #tellAll(object: T, previous: T | undefined, isDeleted: boolean): void {
    for (const listener of this.#listeners) this.#tell(listener, object, previous, isDeleted);
  }

  #tell(listener: ChangeListener<T>, object: T, previous: T | undefined, isDeleted: boolean): void {
    try {
      listener(object, previous, isDeleted);
    } catch (error) {
      this.#onListenerError(error, keyOf(object));
    }
  }
}

function isUnchanged({ metadata: before }: KubeObject, { metadata: now }: KubeObject): boolean {
  return before.uid === now.uid && before.resourceVersion === now.resourceVersion && now.resourceVersion !== '';
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
}
