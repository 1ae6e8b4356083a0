import type { ApiResponse } from '../../../apiserver/index.ts';
import { withRevision, type Change, type ChangeFeed } from '../../objects/index.ts';
import type { JsonObject } from '../../schema/index.ts';
import type { Environment } from '../environment.ts';
import { groupVersionOf } from '../kinds/kind-registry.ts';
import { Renderer } from '../output/render.ts';
import { streamReply } from '../protocol/reply.ts';
import type { Request } from '../protocol/request.ts';
import { expired } from '../protocol/status.ts';
import { readSelection, type Selection } from '../selection/selection.ts';
import type { Scope } from '../scope.ts';
import { readListOptions, type ListOptions } from './list-options.ts';
import { Patience } from './patience.ts';

/** A watch ends by itself after half an hour to an hour, unless its client wants that earlier (apiserver, get.go). */
const SHORTEST_MS = 1_800_000;
const BOOKMARK_EVERY_MS = 60_000;
const INITIAL_EVENTS_END = { 'k8s.io/initial-events-end': 'true' };

/**
 * What happens to the objects of a resource, from a version on, one JSON text a line. It ends with its time, with the API, with the
 * definition of its kind, and for a reader so slow that what it has not read is forgotten.
 */
export function watch(environment: Environment, request: Request, scope: Scope): Promise<ApiResponse> {
  const renderer = new Renderer(request, scope.kind);
  const options = readListOptions(request.query, true);
  const selection = readSelection(request.query, scope.kind);
  const watcher = new Watcher({ environment, request, scope, renderer, options, selection });
  return Promise.resolve(streamReply(watcher.lines(), 'application/json'));
}

interface WatchParts {
  readonly environment: Environment;
  readonly request: Request;
  readonly scope: Scope;
  readonly renderer: Renderer;
  readonly options: ListOptions;
  readonly selection: Selection;
}

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

class Watcher {
  readonly #parts: WatchParts;
  readonly #feed: ChangeFeed | undefined;
  /** What is said before the first change. */
  readonly #initial: readonly JsonObject[];
  #hasColumns = true;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const { objects } = parts.environment;
    const { version = 0n, sendInitialEvents } = parts.options;
    const isFromNow = version === 0n || sendInitialEvents === true;
    this.#initial = isFromNow && sendInitialEvents !== false ? this.#standing() : [];
    // A version that has not been reached was another store's: its client has to list anew.
    const isReachable = version <= objects.revision;
    this.#feed = isReachable ? objects.follow(isFromNow ? objects.revision : version) : undefined;
  }

  async *lines(): AsyncGenerator<Uint8Array, void> {
    const { objects } = this.#parts.environment;
    const { version = 0n, sendInitialEvents, allowBookmarks } = this.#parts.options;
    if (this.#feed === undefined) {
      const { status } = expired(
        `too old resource version: ${version.toString()} (${objects.oldestRevision.toString()})`,
      );
      yield encode({ type: 'ERROR', object: status });
      return;
    }
    const revision = this.#feed.revision;
    for (const object of this.#initial) yield this.#event('ADDED', object);
    if (sendInitialEvents === true && allowBookmarks) yield this.#bookmark(revision, INITIAL_EVENTS_END);
    yield* this.#follow(this.#feed);
  }

  async *#follow(feed: ChangeFeed): AsyncGenerator<Uint8Array, void> {
    const { time, closing } = this.#parts.environment;
    const { allowBookmarks } = this.#parts.options;
    const patience = new Patience({
      time,
      signals: [closing, this.#parts.request.signal],
      lifeMs: this.#lifeMs(),
      beatMs: allowBookmarks ? BOOKMARK_EVERY_MS : undefined,
    });
    try {
      for (;;) {
        const changes = feed.take();
        if (typeof changes === 'string') return;
        for (const change of changes) {
          const event = this.#eventOf(change);
          if (event !== undefined) yield event;
        }
        if (patience.isAborted || !this.#isServed()) return;
        if (changes.length > 0) continue;
        const news = await patience.wait((signal) => feed.ready(signal));
        if (allowBookmarks && (news === 'beat' || news === 'over')) yield this.#bookmark(feed.revision);
        if (news === 'over') return;
      }
    } finally {
      patience.end();
    }
  }

  #lifeMs(): number {
    const { timeoutSeconds } = this.#parts.options;
    if (timeoutSeconds !== undefined && timeoutSeconds > 0) return timeoutSeconds * 1000;
    return SHORTEST_MS * (1 + this.#parts.environment.random());
  }

  #isServed(): boolean {
    const { kind } = this.#parts.scope;
    return this.#parts.environment.kinds.find(kind.group, kind.version, kind.plural) !== undefined;
  }

  #standing(): readonly JsonObject[] {
    const { environment, scope, selection } = this.#parts;
    return environment.objects
      .list(scope.resource, scope.namespace === '' ? undefined : scope.namespace)
      .map(({ object }) => object)
      .filter((object) => selection.matches(object));
  }

  /** An object that leaves what is selected is gone to its watcher, and one that enters it is new. */
  #eventOf({ key, revision, before, after }: Change): Uint8Array | undefined {
    const { scope, selection } = this.#parts;
    if (key.resource !== scope.resource || (scope.namespace !== '' && key.namespace !== scope.namespace))
      return undefined;
    const was = before !== undefined && selection.matches(before.object);
    if (after !== undefined && selection.matches(after.object))
      return this.#event(was ? 'MODIFIED' : 'ADDED', after.object);
    return was ? this.#event('DELETED', withRevision(before.object, revision)) : undefined;
  }

  #bookmark(revision: bigint, annotations?: JsonObject): Uint8Array {
    const { kind } = this.#parts.scope;
    const metadata = {
      resourceVersion: revision.toString(),
      creationTimestamp: null,
      ...(annotations && { annotations }),
    };
    return this.#event('BOOKMARK', { kind: kind.kind, apiVersion: groupVersionOf(kind), metadata });
  }

  #event(type: EventType, object: JsonObject): Uint8Array {
    const { renderer, environment } = this.#parts;
    const shaped = renderer.shape(object, environment.time.now(), this.#hasColumns);
    this.#hasColumns = false;
    return encode({ type, object: shaped });
  }
}

function encode(event: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(event)}\n`);
}
