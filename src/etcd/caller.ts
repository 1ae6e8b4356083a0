import { systemClock, type Clock } from '../base/index.ts';
import { Authentication } from './authentication.ts';
import { DEFAULT_TIMEOUT_MS, type CallOptions, type EtcdConfig } from './config.ts';
import { Connection } from './connection.ts';
import { loadTls } from './credentials.ts';
import { Deadline } from './deadline.ts';
import type { EtcdEndpoint } from './endpoints.ts';
import { EtcdError } from './errors.ts';
import { explain } from './failures.ts';
import type { UnaryMethod } from './rpc/method.ts';

/** Calls one member: adds the token, renews it once where it has run out, and explains what went wrong. */
export class Caller {
  readonly connection: Connection;
  readonly #authentication: Authentication;
  readonly #clock: Clock;

  /** @throws EtcdError for TLS files that cannot be used; see {@link loadTls} */
  constructor(endpoint: EtcdEndpoint, config: EtcdConfig) {
    this.#clock = config.clock ?? systemClock;
    this.connection = new Connection(endpoint, endpoint.tls ? loadTls(config.tls ?? {}, this.#clock) : undefined);
    this.#authentication = new Authentication(this.connection, config.user, this.#clock);
  }

  call<Q, R>(method: UnaryMethod<Q, R>, message: Partial<Q>, what: string, options: CallOptions): Promise<R> {
    return this.withToken(what, options, (token, deadline) =>
      this.connection.unary(method, message, { token, signal: options.signal, deadline }),
    );
  }

  /** A call that sends no token, whatever the configuration says. */
  async callAnonymously<Q, R>(method: UnaryMethod<Q, R>, what: string, options: CallOptions): Promise<R> {
    const deadline = this.#deadline(options);
    const request = { signal: options.signal, deadline };
    return this.connection.unary(method, {}, request).catch(async (thrown: unknown) => {
      throw await explain(thrown, this.connection, { what, timeoutMs: deadline.totalMs, signal: options.signal });
    });
  }

  /** Runs `attempt` with a token, and once more with a fresh one if the member has rejected the first. */
  async withToken<T>(
    what: string,
    options: CallOptions,
    attempt: (token: string | undefined, deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const deadline = this.#deadline(options);
    const { signal } = options;
    const explained = async (token: string | undefined): Promise<T> => {
      try {
        return await attempt(token, deadline);
      } catch (thrown) {
        throw await explain(thrown, this.connection, { what, timeoutMs: deadline.totalMs, signal });
      }
    };
    const token = await this.#authentication.token({ signal, deadline });
    try {
      return await explained(token);
    } catch (error) {
      if (!(error instanceof EtcdError) || error.code !== 'ETCD_TOKEN_INVALID') throw error;
      if (!this.#authentication.renew(token)) throw error;
      return explained(await this.#authentication.token({ signal, deadline }));
    }
  }

  #deadline(options: CallOptions): Deadline {
    return new Deadline(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, this.#clock);
  }
}
