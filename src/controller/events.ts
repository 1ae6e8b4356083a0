import {
  ApiServerError,
  resources,
  type ApiServerErrorCode,
  type KubeClient,
  type KubeObject,
} from '../apiserver/index.ts';
import { messageOf, type Log, type Time } from '../base/index.ts';
import { backOff } from './back-off.ts';
import { isForeseen } from './failure.ts';
import { waitAfter } from './retry-after.ts';
import { formatTime } from './time-format.ts';

/** What happened to an object. */
export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for programs; at most 128 characters. */
  readonly reason: string;
  /** For people; cut at 1,024 bytes. */
  readonly message: string;
}

/** Tells of events, as `kubectl describe` shows them. */
export interface EventRecorder {
  /**
   * Events of objects of the cluster go to the namespace `default`. The same event again raises the count of the first one.
   * Never throws: an event that cannot be written is logged; where that may pass by itself, it is tried again later, in
   * the order in which things happened, and for ten minutes at most. Nobody waits for that.
   */
  record(object: KubeObject, note: EventNote): Promise<void>;
}

export interface EventRecorderOptions {
  /** Who tells; shown by `kubectl describe` under From. */
  readonly component: string;
  readonly time: Time;
  readonly log: Log;
}

export function createEventRecorder(client: KubeClient, options: EventRecorderOptions): EventRecorder {
  return new Recorder(client, options);
}

/** How many events are remembered, to be counted when they happen again. */
const REMEMBERED = 1_000;
/** How many wait for a server that takes none; then the oldest goes. */
const MOST_UNTOLD = 200;
/** Later it is no news any more. */
const NEWS_MS = 600_000;
const RETRY = { firstMs: 1_000, longestMs: 60_000 };
const LONGEST_MESSAGE = 1_024;
const LONGEST_NAME = 253;

/** As it stands on the server. */
interface Told {
  readonly name: string;
  readonly namespace: string;
  readonly count: number;
}

interface Untold {
  readonly object: KubeObject;
  readonly note: EventNote;
  /** Its own, so that an attempt whose answer was lost is not repeated under another. */
  readonly name: string;
  readonly at: Date;
  readonly since: number;
}

class Recorder implements EventRecorder {
  readonly #client: KubeClient;
  readonly #options: EventRecorderOptions;
  /** By what makes two events the same; the one that was told last stands last. */
  readonly #told = new Map<string, Told>();
  /** In the order in which they happened. */
  readonly #untold: Untold[] = [];
  /** One at a time, so that two of a kind do not both think that they are the first. */
  #last: Promise<void> = Promise.resolve();
  #made = 0;
  /** In a row; above 0, the next attempt has its time. */
  #failures = 0;

  constructor(client: KubeClient, options: EventRecorderOptions) {
    this.#client = client;
    this.#options = options;
  }

  record(object: KubeObject, note: EventNote): Promise<void> {
    const { time } = this.#options;
    this.#untold.push({
      object,
      note: { ...note, message: cut(note.message, LONGEST_MESSAGE) },
      name: this.#nameFor(object.metadata.name),
      at: time.now(),
      since: time.monotonicMs(),
    });
    if (this.#untold.length > MOST_UNTOLD) this.#giveUp(this.#untold.shift(), 'too many wait');
    this.#last = this.#last.then(() => (this.#failures === 0 ? this.#tellWaiting() : undefined));
    return this.#last;
  }

  async #tellWaiting(): Promise<void> {
    const { time } = this.#options;
    for (let next = this.#untold[0]; next !== undefined; next = this.#untold[0]) {
      try {
        await this.#tell(next);
        this.#failures = 0;
      } catch (error) {
        const mayPass = isForeseen(error) && error.kind === 'transient';
        if (mayPass && time.monotonicMs() - next.since < NEWS_MS) {
          this.#failures += 1;
          time.after(waitAfter(error, backOff(this.#failures, RETRY)), () => {
            this.#last = this.#last.then(() => this.#tellWaiting());
          });
          return;
        }
        this.#giveUp(next, messageOf(error));
      }
      // While it was told, it may have been given up for newer ones.
      if (this.#untold[0] === next) this.#untold.shift();
    }
  }

  #giveUp(untold: Untold | undefined, error: string): void {
    if (untold === undefined) return;
    const { object, note } = untold;
    this.#options.log.warn('an event could not be written', {
      kind: object.kind,
      name: object.metadata.name,
      reason: note.reason,
      error,
    });
  }

  async #tell(untold: Untold): Promise<void> {
    const { object, note } = untold;
    const key = JSON.stringify([object.kind, object.metadata.uid, object.metadata.name, note]);
    const told = this.#told.get(key);
    this.#remember(key, (told && (await this.#repeat(told, untold))) ?? (await this.#create(untold)));
  }

  /** @returns undefined where the server has forgotten the event, as it does after an hour */
  async #repeat(told: Told, { at }: Untold): Promise<Told | undefined> {
    const count = told.count + 1;
    const body = { count, lastTimestamp: formatTime(at) };
    try {
      await this.#client.patch(resources.events, told, { kind: 'merge', body });
      return { ...told, count };
    } catch (error) {
      if (hasCode(error, 'APISERVER_NOT_FOUND')) return undefined;
      throw error;
    }
  }

  async #create({ object, note, name, at }: Untold): Promise<Told> {
    const { namespace, uid, resourceVersion } = object.metadata;
    const place = { name, namespace: namespace ?? 'default' };
    const now = formatTime(at);
    const involved = { apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, namespace };
    try {
      await this.#client.create(resources.events, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: place,
        involvedObject: { ...involved, uid, resourceVersion },
        ...note,
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component: this.#options.component },
        reportingComponent: this.#options.component,
        reportingInstance: '',
      });
    } catch (error) {
      // An attempt before has made it, and its answer was lost.
      if (!hasCode(error, 'APISERVER_ALREADY_EXISTS')) throw error;
    }
    return { ...place, count: 1 };
  }

  /** The object's name and the time in nanoseconds, in hexadecimal digits, as client-go's recorder does it. */
  #nameFor(objectName: string): string {
    this.#made = (this.#made + 1) % 1_000_000;
    const nanoseconds = BigInt(this.#options.time.now().getTime()) * 1_000_000n + BigInt(this.#made);
    const suffix = `.${nanoseconds.toString(16)}`;
    return objectName.slice(0, LONGEST_NAME - suffix.length) + suffix;
  }

  #remember(key: string, told: Told): void {
    this.#told.delete(key);
    this.#told.set(key, told);
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= REMEMBERED) return;
      this.#told.delete(oldest);
    }
  }
}

function hasCode(error: unknown, code: ApiServerErrorCode): boolean {
  return error instanceof ApiServerError && error.code === code;
}

/** At most so many bytes of UTF-8, and no half character. */
function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const ellipsis = '…';
  let end = maxBytes - Buffer.byteLength(ellipsis);
  // Continuation bytes are 10xxxxxx.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + ellipsis;
}
