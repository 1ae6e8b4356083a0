import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { makePrivateFolder, messageOf, type Log, type Time } from '../../base/index.ts';
import { pause } from '../../controller/index.ts';
import { StandaloneError } from '../errors.ts';
import { KeptPort } from '../kept-port.ts';
import { issueTrialPki, type TrialPki } from './trial-pki.ts';

export interface EmbeddedEtcdOptions {
  /** Data, keys and log; made where it is missing. */
  readonly folder: string;
  /** The program: a path, or a name to be looked for in `path`. */
  readonly binary: string;
  /** Directories separated by colons. */
  readonly path: string | undefined;
  readonly time: Time;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** How long it may take until it serves, in milliseconds. Default: 30,000. */
  readonly startMs?: number | undefined;
}

/** An etcd of one member on loopback, for a trial. It ends with this process, however that ends. */
export interface EmbeddedEtcd {
  readonly endpoint: string;
  readonly cacert: string;
  /** The client's. */
  readonly cert: string;
  readonly key: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  /** Asks it to end and waits for that. */
  stop(): Promise<void>;
}

const START_MS = 30_000;
const LOOK_AGAIN_MS = 20;
const END_OF_LOG = 2_000;

/**
 * Stands between this process and etcd: descriptor 3 is a pipe that closes when this process ends, killed or not; etcd is
 * asked to end then. `wait` comes back early when a trap has run.
 */
const SCRIPT = `
"$@" 3<&- &
etcd=$!
trap 'kill "$etcd" 2>/dev/null' TERM
( read -r _ <&3; kill "$etcd" 2>/dev/null ) &
wait "$etcd"; code=$?
while kill -0 "$etcd" 2>/dev/null; do wait "$etcd"; code=$?; done
exit "$code"
`;

/** @throws StandaloneError STANDALONE_ETCD with the end of etcd's log; the signal's reason where it aborts */
export async function startEmbeddedEtcd(options: EmbeddedEtcdOptions): Promise<EmbeddedEtcd> {
  const { folder, binary, time, log, signal } = options;
  await makePrivateFolder(folder);
  const pki = await issueTrialPki(join(folder, 'pki'), time);
  const endpoint = `https://127.0.0.1:${await choosePort(folder)}`;
  const logPath = join(folder, 'etcd.log');
  const { child, ended } = await launch([binary, ...argumentsFor({ endpoint, pki, dataDir: join(folder, 'data') })], {
    logPath,
    path: options.path,
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  const lasting: EmbeddedEtcd = { endpoint, cacert: pki.cacert, ...pki.client, ended, stop };
  try {
    await untilHealthy(lasting, child, options);
    log.info('an etcd for trial serves', { endpoint, data: folder });
    return lasting;
  } catch (error) {
    await stop();
    signal.throwIfAborted();
    const hint =
      'See the log above. --etcd-binary names the program; etcd is in the package etcd-server of Debian and Ubuntu.';
    const end = (await readFile(logPath, 'utf8').catch(() => '')).slice(-END_OF_LOG);
    throw new StandaloneError('STANDALONE_ETCD', `${binary} did not start: ${messageOf(error)}\n${end}`, {
      subject: binary,
      hint,
      cause: error,
    });
  }
}

function argumentsFor({
  endpoint,
  pki,
  dataDir,
}: {
  readonly endpoint: string;
  readonly pki: TrialPki;
  readonly dataDir: string;
}): readonly string[] {
  // No member will ever join: the peers' address only has to be one that nobody else has.
  const peer = 'http://127.0.0.1:0';
  return [
    '--name=holdfast-trial',
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${endpoint}`,
    `--advertise-client-urls=${endpoint}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=holdfast-trial=${peer}`,
    // A member without peers waits one to two of these until it elects itself, at each start.
    '--heartbeat-interval=20',
    '--election-timeout=100',
    '--client-cert-auth',
    `--trusted-ca-file=${pki.cacert}`,
    `--cert-file=${pki.server.cert}`,
    `--key-file=${pki.server.key}`,
    '--logger=zap',
  ];
}

async function launch(
  argv: readonly string[],
  { logPath, path }: { readonly logPath: string; readonly path: string | undefined },
): Promise<{ readonly child: ChildProcess; readonly ended: Promise<void> }> {
  const log = await open(logPath, 'w', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'holdfast-etcd', ...argv], {
      // A group of its own, so that Ctrl-C ends it after the backups and not before.
      detached: true,
      env: { PATH: path ?? '/usr/local/bin:/usr/bin:/bin', ETCD_UNSUPPORTED_ARCH: process.arch },
      stdio: ['ignore', log.fd, log.fd, 'pipe'],
    });
    // Listened for before anything is waited for: one that fails at once has ended by the next turn.
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await once(child, 'spawn');
    // The one who reads the pipe waits for our end of it, and an open pipe would keep this process from ending.
    void ended.then(() => child.stdio[3]?.destroy());
    return { child, ended };
  } finally {
    await log.close();
  }
}

async function untilHealthy(
  { endpoint, cacert, cert, key }: EmbeddedEtcd,
  child: ChildProcess,
  { time, signal, startMs = START_MS }: EmbeddedEtcdOptions,
): Promise<void> {
  const credentials = { ca: await readFile(cacert), cert: await readFile(cert), key: await readFile(key) };
  const late = time.monotonicMs() + startMs;
  for (;;) {
    signal.throwIfAborted();
    if (await isHealthy(new URL('/health', endpoint), credentials)) return;
    const end = child.exitCode ?? child.signalCode;
    if (end !== null) throw new Error(`it ended with ${end}`);
    if (time.monotonicMs() > late) throw new Error(`it did not serve within ${startMs / 1000} s`);
    await pause(time, LOOK_AGAIN_MS, signal);
  }
}

function isHealthy(
  url: URL,
  credentials: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer },
): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { ...credentials, agent: false, timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}

/** The one of the start before, where it is free: Jobs that were made then name it. */
async function choosePort(folder: string): Promise<number> {
  const kept = new KeptPort(join(folder, 'port'));
  const former = await kept.read();
  const port = former === undefined ? await freePort(0) : await freePort(former).catch(() => freePort(0));
  await kept.write(port);
  return port;
}

/** @param wanted - 0 for any. Rejects where it is taken */
async function freePort(wanted: number): Promise<number> {
  const server = createServer();
  server.listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server listens on a port');
  return address.port;
}
