import { ApiServerError, resources, type KubeClient, type KubeObject } from '../apiserver/index.ts';
import { messageOf, type Log, type Time } from '../base/index.ts';
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
   * Never throws: an event that cannot be written is logged.
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
const LONGEST_MESSAGE = 1_024;
const LONGEST_NAME = 253;

interface Told {
  readonly name: string;
  readonly namespace: string;
  readonly count: number;
}

class Recorder implements EventRecorder {
  readonly #client: KubeClient;
  readonly #options: EventRecorderOptions;
  /** By what makes two events the same; the one that was told last stands last. */
  readonly #told = new Map<string, Told>();
  /** One at a time, so that two of a kind do not both think that they are the first. */
  #last: Promise<void> = Promise.resolve();
  #made = 0;

  constructor(client: KubeClient, options: EventRecorderOptions) {
    this.#client = client;
    this.#options = options;
  }

  record(object: KubeObject, note: EventNote): Promise<void> {
    const bounded = { ...note, message: cut(note.message, LONGEST_MESSAGE) };
    this.#last = this.#last.then(() => this.#tell(object, bounded));
    return this.#last;
  }

  async #tell(object: KubeObject, note: EventNote): Promise<void> {
    const key = JSON.stringify([object.kind, object.metadata.uid, object.metadata.name, note]);
    try {
      const told = this.#told.get(key);
      this.#remember(key, (told && (await this.#repeat(told))) ?? (await this.#create(object, note)));
    } catch (error) {
      this.#options.log.warn('an event could not be written', {
        kind: object.kind,
        name: object.metadata.name,
        reason: note.reason,
        error: messageOf(error),
      });
    }
  }

  /** @returns undefined where the server has forgotten the event, as it does after an hour */
  async #repeat(told: Told): Promise<Told | undefined> {
    const count = told.count + 1;
    const body = { count, lastTimestamp: formatTime(this.#options.time.now()) };
    try {
      await this.#client.patch(resources.events, told, { kind: 'merge', body });
      return { ...told, count };
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async #create(object: KubeObject, note: EventNote): Promise<Told> {
    const { name, namespace, uid, resourceVersion } = object.metadata;
    const place = { name: this.#nameFor(name), namespace: namespace ?? 'default' };
    const now = formatTime(this.#options.time.now());
    await this.#client.create(resources.events, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: place,
      involvedObject: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion },
      ...note,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: this.#options.component },
      reportingComponent: this.#options.component,
      reportingInstance: '',
    });
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
