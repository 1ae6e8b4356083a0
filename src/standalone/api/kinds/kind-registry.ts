import type { JsonObject, Kind } from '../../schema/index.ts';
import { printResource } from '../protocol/status.ts';

/** The kinds that are served: those of the engine, and those that definitions have brought. */
export class KindRegistry {
  readonly #builtIn: readonly Kind[];
  readonly #defined = new Map<string, readonly Kind[]>();
  #kinds = new Map<string, Kind>();
  #generation = 0;

  constructor(builtIn: readonly Kind[]) {
    this.#builtIn = builtIn;
    this.#index();
  }

  /** Grows with every change, so that documents made of the kinds can be kept until then. */
  get generation(): number {
    return this.#generation;
  }

  find(group: string, version: string, plural: string): Kind | undefined {
    return this.#kinds.get(`${group}/${version}/${plural}`);
  }

  /** By resource as the store names it: `jobs.batch`. */
  findResource(resource: string): Kind | undefined {
    return this.all().find((kind) => printResource(kind) === resource);
  }

  all(): readonly Kind[] {
    return [...this.#kinds.values()];
  }

  /** The engine's own kinds; definitions cannot take their names. */
  get builtIn(): readonly Kind[] {
    return this.#builtIn;
  }

  /** Serves the kinds of a definition, instead of those that it had before. */
  define(definition: string, kinds: readonly Kind[]): void {
    this.#defined.set(definition, kinds);
    this.#index();
  }

  withdraw(definition: string): void {
    if (this.#defined.delete(definition)) this.#index();
  }

  #index(): void {
    const kinds = [...this.#builtIn, ...[...this.#defined.values()].flat()];
    this.#kinds = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]));
    this.#generation += 1;
  }
}

/** `batch/v1`, or `v1` for the core group. */
export function groupVersionOf({ group, version }: Pick<Kind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The object as this version of its kind has it: versions share their objects and differ in nothing but the name. */
export function inVersion(kind: Kind, object: JsonObject): JsonObject {
  const apiVersion = groupVersionOf(kind);
  return object['apiVersion'] === apiVersion || object['kind'] !== kind.kind ? object : { ...object, apiVersion };
}
