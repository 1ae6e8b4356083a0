import { ApiServerError, resources, type KubeClient, type Lease } from '../apiserver/index.ts';
import { messageOf, onAbort, type Log, type Time } from '../base/index.ts';
import { pause } from './pause.ts';
import { waitAfter } from './retry-after.ts';
import { formatMicroTime } from './time-format.ts';

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  /** Where the Lease lies, and its name. */
  readonly namespace: string;
  readonly name: string;
  /** Of this process; no other one may ever have the same, not even a successor of the same pod name. */
  readonly identity: string;
  readonly time: Time;
  readonly log: Log;
  /** How long others wait for a leader that is silent, in milliseconds. Default: 15,000. */
  readonly leaseDurationMs?: number | undefined;
  /** How long a leader that cannot renew goes on, in milliseconds; shorter than the lease. Default: two thirds of it. */
  readonly renewDeadlineMs?: number | undefined;
  /** How often the Lease is asked for or renewed, in milliseconds. Default: so that it is five times until then. */
  readonly retryMs?: number | undefined;
}

/** What a leader does. Its signal aborts when it has to stop, because it no longer leads or because the process ends. */
export type Lead = (signal: AbortSignal) => Promise<void>;

/** One leader among several processes, by a Lease, as Kubernetes' own components do it. */
export interface LeaderElection {
  /**
   * By the clock, too: false from the moment on in which the Lease may be another's, although this process may have been
   * stopped for so long that it has not noticed yet.
   */
  readonly isLeader: boolean;
  /** The API server has said at least once whose the Lease is. */
  readonly hasSeenLease: boolean;
  /**
   * Runs `lead` whenever this process leads, until the signal aborts; then it resolves, once `lead` has ended and the Lease
   * has been given back. A leadership that is lost is sought again. Where `lead` ends by itself, so does this: it resolves or
   * rejects as `lead` did.
   */
  run(signal: AbortSignal, lead: Lead): Promise<void>;
}

/** @throws TypeError where a leader would go on for longer than its lease */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  return new LeaseElection(options);
}

/** The Lease as it was seen last, and since when it has been like that by this process's own clock: clocks of hosts differ. */
interface Seen {
  readonly version: string;
  readonly sinceMs: number;
}

/** Whose the Lease is; unknown where it could not be read or written. */
type Holding = 'ours' | 'others' | 'unknown';

class LeaseElection implements LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  #isLeader = false;
  #leadsUntilMs = 0;
  #hasSeenLease = false;
  #seen: Seen | undefined;
  /** Of the last attempt; undefined after a success. */
  #failure: unknown;
  /** What the log was told last, so that a long outage is told once. */
  #lastWarning: string | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? (this.#leaseDurationMs * 2) / 3;
    this.#retryMs = options.retryMs ?? this.#renewDeadlineMs / 5;
    if (this.#renewDeadlineMs >= this.#leaseDurationMs || this.#retryMs >= this.#renewDeadlineMs) {
      throw new TypeError('retryMs must be less than renewDeadlineMs, and that less than leaseDurationMs');
    }
  }

  get isLeader(): boolean {
    return this.#isLeader && this.#options.time.monotonicMs() < this.#leadsUntilMs;
  }

  get hasSeenLease(): boolean {
    return this.#hasSeenLease;
  }

  async run(signal: AbortSignal, lead: Lead): Promise<void> {
    const { time, log, name, identity } = this.#options;
    while (!signal.aborted) {
      const askedAt = time.monotonicMs();
      if ((await this.#acquireOrRenew(signal)) === 'ours') {
        log.info('this process leads', { lease: name, identity });
        if (await this.#leadUntilLost(askedAt, signal, lead)) return;
        log.warn('this process no longer leads', { lease: name, identity });
      }
      await pause(time, this.#waitMs(), signal);
    }
  }

  /** A server that asks to be left alone is, as far as the Lease allows it. */
  #waitMs(): number {
    return Math.max(this.#retryMs, Math.min(waitAfter(this.#failure, this.#retryMs), this.#renewDeadlineMs / 2));
  }

  /** @returns whether it was `lead` or the signal that made an end, rather than the loss of the Lease */
  async #leadUntilLost(askedAt: number, signal: AbortSignal, lead: Lead): Promise<boolean> {
    const stop = new AbortController();
    const letGo = onAbort(signal, () => stop.abort(signal.reason));
    const lost = new AbortController();
    const lose = (): void => {
      lost.abort();
      stop.abort(new Error(`the lease ${this.#options.name} is no longer held`));
    };
    const renewing = new AbortController();
    this.#isLeader = true;
    const renewal = this.#renew(askedAt, renewing.signal, lose);
    try {
      await lead(stop.signal);
      return !lost.signal.aborted;
    } catch (error) {
      // What was interrupted may say so by throwing.
      if (!stop.signal.aborted) throw error;
      return !lost.signal.aborted;
    } finally {
      this.#isLeader = false;
      letGo();
      renewing.abort();
      await renewal;
      if (!lost.signal.aborted) await this.#release();
    }
  }

  /** Renews until the signal aborts, and calls `lose` when the last success is too long ago, whatever hangs meanwhile. */
  async #renew(askedAt: number, signal: AbortSignal, lose: () => void): Promise<void> {
    const { time } = this.#options;
    const deadline = (since: number): (() => void) => {
      this.#leadsUntilMs = since + this.#renewDeadlineMs;
      return time.after(this.#leadsUntilMs - time.monotonicMs(), lose);
    };
    let cancel = deadline(askedAt);
    for (;;) {
      await pause(time, this.#waitMs(), signal);
      if (signal.aborted) break;
      const began = time.monotonicMs();
      const holding = await this.#acquireOrRenew(signal);
      if (holding === 'others') lose();
      if (holding !== 'ours') continue;
      cancel();
      cancel = deadline(began);
    }
    cancel();
  }

  /** An attempt must not use up the time for all others: a connection may hang that a new one would not. */
  async #acquireOrRenew(signal: AbortSignal): Promise<Holding> {
    const { time } = this.#options;
    const attempt = new AbortController();
    const letGo = onAbort(signal, () => attempt.abort(signal.reason));
    const cancel = time.after(this.#renewDeadlineMs / 2, () => attempt.abort(new Error('no answer in time')));
    this.#failure = undefined;
    try {
      const holding = await this.#tryLease(attempt.signal);
      this.#lastWarning = undefined;
      return holding;
    } catch (error) {
      this.#failure = error;
      if (!signal.aborted) this.#warn(error);
      return 'unknown';
    } finally {
      cancel();
      letGo();
    }
  }

  #warn(failure: unknown): void {
    // Somebody else was faster.
    const isRace =
      failure instanceof ApiServerError && ['APISERVER_CONFLICT', 'APISERVER_ALREADY_EXISTS'].includes(failure.code);
    if (isRace) return;
    const { log, name } = this.#options;
    const error = messageOf(failure);
    log[error === this.#lastWarning ? 'debug' : 'warn']('the lease cannot be had', { lease: name, error });
    this.#lastWarning = error;
  }

  async #tryLease(signal: AbortSignal): Promise<Holding> {
    const { client, namespace, name, identity, time } = this.#options;
    const now = formatMicroTime(time.now());
    const leaseDurationSeconds = Math.ceil(this.#leaseDurationMs / 1000);
    const lease = await this.#read(signal);
    this.#hasSeenLease = true;
    if (lease === undefined) {
      const spec = {
        holderIdentity: identity,
        leaseDurationSeconds,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      };
      await client.create(resources.leases, { metadata: { namespace, name }, spec }, { signal });
      return 'ours';
    }
    const isOurs = lease.spec?.holderIdentity === identity;
    if (!isOurs && !this.#isFree(lease)) return 'others';
    const spec = {
      ...lease.spec,
      holderIdentity: identity,
      leaseDurationSeconds,
      renewTime: now,
      ...(!isOurs && { acquireTime: now, leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1 }),
    };
    await client.update(resources.leases, { ...lease, spec }, { signal });
    return 'ours';
  }

  async #read(signal?: AbortSignal): Promise<Lease | undefined> {
    const { client, namespace, name } = this.#options;
    try {
      return await client.get(resources.leases, { namespace, name }, { signal });
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** Given back, or not renewed for as long as its holder promised, counted from when this process saw it change. */
  #isFree({ metadata, spec }: Lease): boolean {
    if (!spec?.holderIdentity) return true;
    const now = this.#options.time.monotonicMs();
    if (this.#seen?.version !== metadata.resourceVersion)
      this.#seen = { version: metadata.resourceVersion, sinceMs: now };
    const promisedMs =
      spec.leaseDurationSeconds === undefined ? this.#leaseDurationMs : spec.leaseDurationSeconds * 1000;
    return now - this.#seen.sinceMs >= promisedMs;
  }

  /** So that the next one need not wait. Where it fails, the lease runs out by itself. */
  async #release(): Promise<void> {
    const { client, name, identity, log } = this.#options;
    try {
      const lease = await this.#read();
      if (lease?.spec?.holderIdentity !== identity) return;
      await client.update(resources.leases, { ...lease, spec: { ...lease.spec, holderIdentity: '' } });
    } catch (error) {
      log.debug('the lease could not be given back', { lease: name, error: messageOf(error) });
    }
  }
}
