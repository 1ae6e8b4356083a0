import {
  ApiServerError,
  type ApiServerErrorCode,
  type KubeClient,
  type KubeObject,
  type Resource,
  type WatchEvent,
  type WatchOptions,
} from '../../src/apiserver/index.ts';
import type { Time } from '../../src/base/index.ts';
import type { SeededRandom } from './seeded-random.ts';

const DEADLINE_MS = 30_000;

/** What an API server in trouble does with a call. `done`: it is carried out all the same, and nobody hears of it. */
export const FAULTS = {
  throttled: { code: 'APISERVER_TOO_MANY_REQUESTS', words: 'too many requests, please try again later' },
  'without etcd': { code: 'APISERVER_STATUS', words: 'etcdserver: request timed out' },
  'failing webhook': { code: 'APISERVER_STATUS', words: 'failed calling webhook "gate": context deadline exceeded' },
  denied: { code: 'APISERVER_FORBIDDEN', words: 'admission webhook "gate" denied the request: not now' },
  reset: { code: 'APISERVER_UNREACHABLE', words: 'read ECONNRESET' },
  'reset, yet done': { code: 'APISERVER_UNREACHABLE', words: 'read ECONNRESET', done: true },
  slow: { code: 'APISERVER_TIMEOUT', words: 'did not answer in 30 s', afterMs: DEADLINE_MS },
  'slow, yet done': { code: 'APISERVER_TIMEOUT', words: 'did not answer in 30 s', afterMs: DEADLINE_MS, done: true },
  gone: { code: 'APISERVER_GONE', words: 'The provided continue parameter is too old' },
} as const satisfies Record<string, Fault>;

export interface Fault {
  readonly code: ApiServerErrorCode;
  readonly words: string;
  readonly afterMs?: number;
  readonly done?: boolean;
}

/** A call as a test decides on it. */
export interface AskedCall {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'updateStatus' | 'patch' | 'delete' | 'getText';
  readonly plural: string;
}

/** A client of an API server in trouble. */
export class HostileClient implements KubeClient {
  readonly #api: KubeClient;
  readonly #time: Time;
  /** What happens to a call; undefined: what was asked for. */
  faultFor: (call: AskedCall) => Fault | undefined = () => undefined;
  /** How many calls there were. */
  calls = 0;

  constructor(api: KubeClient, time: Time) {
    this.#api = api;
    this.#time = time;
  }

  get: KubeClient['get'] = (resource, name, options) =>
    this.#through({ verb: 'get', plural: resource.plural }, () => this.#api.get(resource, name, options));

  list: KubeClient['list'] = (resource, options) =>
    this.#through({ verb: 'list', plural: resource.plural }, () => this.#api.list(resource, options));

  create: KubeClient['create'] = (resource, object, options) =>
    this.#through({ verb: 'create', plural: resource.plural }, () => this.#api.create(resource, object, options));

  update: KubeClient['update'] = (resource, object, options) =>
    this.#through({ verb: 'update', plural: resource.plural }, () => this.#api.update(resource, object, options));

  updateStatus: KubeClient['updateStatus'] = (resource, object, options) =>
    this.#through({ verb: 'updateStatus', plural: resource.plural }, () =>
      this.#api.updateStatus(resource, object, options),
    );

  patch: KubeClient['patch'] = (resource, name, patch, options) =>
    this.#through({ verb: 'patch', plural: resource.plural }, () => this.#api.patch(resource, name, patch, options));

  delete: KubeClient['delete'] = (resource, name, options) =>
    this.#through({ verb: 'delete', plural: resource.plural }, () => this.#api.delete(resource, name, options));

  getText: KubeClient['getText'] = (target, options) =>
    this.#through({ verb: 'getText', plural: target }, () => this.#api.getText(target, options));

  bindPod: KubeClient['bindPod'] = (pod, nodeName, options) =>
    this.#through({ verb: 'create', plural: 'bindings' }, () => this.#api.bindPod(pod, nodeName, options));

  async *watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const call = { verb: 'watch', plural: resource.plural } as const;
    await this.#through(call, () => Promise.resolve());
    for await (const event of this.#api.watch(resource, options)) {
      const fault = this.faultFor(call);
      if (fault !== undefined) throw failure(fault);
      yield event;
    }
  }

  async #through<R>(call: AskedCall, carryOut: () => Promise<R>): Promise<R> {
    this.calls += 1;
    const fault = this.faultFor(call);
    if (fault === undefined) return await carryOut();
    if (fault.done === true) await carryOut();
    const { afterMs } = fault;
    if (afterMs !== undefined) await new Promise<void>((resolve) => this.#time.after(afterMs, resolve));
    throw failure(fault);
  }
}

/** Any fault that can happen to a call, as often as once in `oneIn`. */
export function anyFault(random: SeededRandom, oneIn: number): (call: AskedCall) => Fault | undefined {
  const all: readonly (keyof typeof FAULTS)[] = Object.keys(FAULTS) as (keyof typeof FAULTS)[];
  return ({ verb, plural }) => {
    if (random.below(oneIn) !== 0) return undefined;
    const name = random.pick(all);
    const isRead = ['get', 'list', 'watch', 'getText'].includes(verb);
    if (name === 'gone') return verb === 'list' || verb === 'watch' ? FAULTS[name] : undefined;
    // Nobody is asked what may be read, and what is denied for good is not told of later.
    if ((name === 'failing webhook' || name === 'denied') && (isRead || plural === 'events')) return undefined;
    return FAULTS[name];
  };
}

function failure({ code, words }: Fault): ApiServerError {
  const retryAfterMs = code === 'APISERVER_TOO_MANY_REQUESTS' ? 3_000 : undefined;
  return new ApiServerError(code, words, { hint: 'Look at the API server.', retryAfterMs });
}
