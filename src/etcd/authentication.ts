import type { EtcdUser } from './config.ts';
import { NoAnswer, type Connection, type Request } from './connection.ts';
import { Deadline } from './deadline.ts';
import { EtcdError } from './errors.ts';
import { explain } from './failures.ts';
import { hintFor } from './hints.ts';
import { authenticateMethod } from './rpc/auth.ts';
import { statusMethod } from './rpc/maintenance.ts';
import type { Clock } from '../base/index.ts';

/** How long a member that does not answer a password is given to show that it lives. */
const SIGN_OF_LIFE_MS = 1_000;

/** Exchanges a user's password for a token, and keeps it until a member rejects it. */
export class Authentication {
  readonly #connection: Connection;
  readonly #user: EtcdUser | undefined;
  readonly #clock: Clock;
  #token: string | undefined;
  #needed = true;

  constructor(connection: Connection, user: EtcdUser | undefined, clock: Clock) {
    this.#connection = connection;
    this.#user = user;
    this.#clock = clock;
  }

  /**
   * The token to send, or undefined where no user was given or the cluster has no authentication (as etcd's own
   * client, which goes on without a token then).
   */
  async token(request: Request): Promise<string | undefined> {
    if (this.#user === undefined || !this.#needed) return undefined;
    this.#token ??= await this.#authenticate(this.#user, request);
    return this.#token;
  }

  /** Drops a token that a member has rejected; true where a new one can be had. */
  renew(rejected: string | undefined): boolean {
    if (rejected === undefined) return false;
    if (this.#token === rejected) this.#token = undefined;
    return true;
  }

  async #authenticate(user: EtcdUser, request: Request): Promise<string | undefined> {
    const message = { name: user.name, password: user.password.reveal() };
    try {
      return (await this.#connection.unary(authenticateMethod, message, request)).token;
    } catch (thrown) {
      const attempted = {
        what: `authenticating ${user.name}`,
        timeoutMs: request.deadline.totalMs,
        signal: request.signal,
      };
      const error =
        thrown instanceof NoAnswer && (await this.#isAlive())
          ? undefined
          : await explain(thrown, this.#connection, attempted);
      if (error === undefined || (error instanceof EtcdError && error.code === 'ETCD_NO_LEADER'))
        throw this.#noQuorum(user, thrown);
      if (!(error instanceof EtcdError) || error.code !== 'ETCD_AUTH_NOT_ENABLED') throw error;
      this.#needed = false;
      return undefined;
    }
  }

  /** Passwords go through raft, a status does not: a member that answers only the latter lacks its quorum. */
  async #isAlive(): Promise<boolean> {
    const deadline = new Deadline(SIGN_OF_LIFE_MS, this.#clock);
    return this.#connection.unary(statusMethod, {}, { deadline }).then(
      () => true,
      (thrown: unknown) => !(thrown instanceof NoAnswer),
    );
  }

  #noQuorum(user: EtcdUser, cause: unknown): EtcdError {
    const { url } = this.#connection.endpoint;
    return new EtcdError(
      'ETCD_AUTH_NEEDS_QUORUM',
      `${url} could not check the password of ${user.name}: that needs a quorum, and the cluster seems to have none`,
      { hint: hintFor('ETCD_AUTH_NEEDS_QUORUM'), subject: url, cause },
    );
  }
}
