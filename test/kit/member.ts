import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TlsFiles } from './pki.ts';
import { guarded } from './programs.ts';
import { isAtLeast, type EtcdRelease } from './releases.ts';
import { Fatal, waitFor } from './wait-for.ts';

export interface MemberPlan {
  readonly name: string;
  readonly release: EtcdRelease;
  /** Holds the data directory and the log. */
  readonly folder: string;
  readonly endpoint: string;
  readonly peerUrl: string;
  readonly tls?: { readonly server: TlsFiles; readonly peer: TlsFiles } | undefined;
  /** `name=peerUrl` of all members that there are when this one starts for the first time. */
  readonly initialCluster: string;
  readonly initialState: 'new' | 'existing';
  readonly token: string;
  readonly args: readonly string[];
}

/** One etcd process; it can be stopped and started again on the same data, ports and name. */
export class Member {
  readonly name: string;
  readonly endpoint: string;
  readonly peerUrl: string;
  readonly dataDir: string;
  readonly logFile: string;
  readonly #plan: MemberPlan;
  readonly #untilHealthy: (member: Member) => Promise<void>;
  #child: ChildProcess | undefined;

  constructor(plan: MemberPlan, untilHealthy: (member: Member) => Promise<void>) {
    this.#plan = plan;
    this.#untilHealthy = untilHealthy;
    this.name = plan.name;
    this.endpoint = plan.endpoint;
    this.peerUrl = plan.peerUrl;
    this.dataDir = join(plan.folder, `${plan.name}.etcd`);
    this.logFile = join(plan.folder, `${plan.name}.log`);
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** The process id. Throws where it does not run. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} does not run`);
    return pid;
  }

  /** Starts the process and returns once it serves; without a quorum, once it runs. */
  async start(): Promise<void> {
    this.launch();
    await this.#untilHealthy(this);
  }

  /** Starts the process and returns at once. */
  launch(): void {
    if (this.#child !== undefined) throw new Error(`${this.name} runs already`);
    const child = spawn(join(this.#plan.release.folder, 'etcd'), this.#arguments(), {
      env: { PATH: process.env['PATH'], ETCD_UNSUPPORTED_ARCH: process.arch },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    guarded(child);
    const log = createWriteStream(this.logFile, { flags: 'a', mode: 0o600 });
    log.on('error', () => undefined);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('close', () => log.end());
    child.once('exit', () => (this.#child = undefined));
    child.once('error', () => (this.#child = undefined));
  }

  /** Ends the process and waits for its end: SIGTERM unless asked otherwise; SIGKILL follows after ten seconds. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    // A paused process takes a signal only when it goes on.
    child.kill('SIGCONT');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }

  /** Freezes the process: its connections stay open and say nothing more. */
  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Repeats the check until it passes; gives up at once where the process has ended. */
  async waitUntil(check: () => Promise<boolean>, what: string): Promise<void> {
    try {
      await waitFor(
        () => {
          if (this.#child === undefined) throw new Fatal(`${this.name} has ended`);
          return check();
        },
        { timeoutMs: 60_000, everyMs: 20, what: `${this.name} ${what}` },
      );
    } catch (error) {
      throw new Error(`${this.name} did not become ready; the end of its log:\n${await this.logTail()}`, {
        cause: error,
      });
    }
  }

  async logTail(): Promise<string> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    return log.split('\n').slice(-25).join('\n');
  }

  #arguments(): readonly string[] {
    const { name, release, endpoint, peerUrl, initialCluster, initialState, token, tls, args } = this.#plan;
    return [
      `--name=${name}`,
      `--data-dir=${this.dataDir}`,
      `--listen-client-urls=${endpoint}`,
      `--advertise-client-urls=${endpoint}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=${initialCluster}`,
      `--initial-cluster-state=${initialState}`,
      `--initial-cluster-token=${token}`,
      '--logger=zap',
      // The data of a test need not outlive a power cut.
      ...(isAtLeast(release, '3.5') ? ['--unsafe-no-fsync'] : []),
      ...(tls === undefined ? [] : tlsArguments(tls.server, tls.peer)),
      ...args,
    ];
  }
}

function tlsArguments(server: TlsFiles, peer: TlsFiles): readonly string[] {
  return [
    `--cert-file=${server.cert}`,
    `--key-file=${server.key}`,
    `--trusted-ca-file=${server.cacert}`,
    '--client-cert-auth',
    `--peer-cert-file=${peer.cert}`,
    `--peer-key-file=${peer.key}`,
    `--peer-trusted-ca-file=${peer.cacert}`,
    '--peer-client-cert-auth',
  ];
}
