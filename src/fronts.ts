import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FrontProcess, Fronts, RequestBackupRequest, RunningStandalone, StandaloneRequest } from './cli/index.ts';
import type { JobReport } from './crd/index.ts';
import type { HealthServer, Operator } from './operator/index.ts';
import type { EmbeddedEtcd, Standalone } from './standalone/index.ts';

/** What the fronts need beside what a command gives them. */
export interface Machinery {
  /** How this program is started: the path of Node and of the script. */
  readonly program: readonly string[];
  /** From 0 up to 1. */
  readonly random: () => number;
}

/** The real fronts. Each is loaded when its command runs. */
export function realFronts(machinery: Machinery): Fronts {
  return {
    startStandalone: (request, process) => startStandalone(request, process, machinery),
    runOperator: async (request, process) => {
      const { runOperator } = await import('./operator-front.ts');
      return runOperator(request, process, machinery);
    },
    requestBackup: askForBackup,
  };
}

async function askForBackup(request: RequestBackupRequest, process: FrontProcess): Promise<JobReport> {
  const { openKubeClient } = await import('./apiserver/index.ts');
  const { requestBackup } = await import('./operator/index.ts');
  const { kubeconfig, series, pvcName, jobName, jobUid, timeoutMs } = request;
  const { time, log, signal, version, variables } = process;
  const { client, close } = await openKubeClient({
    ...{ kubeconfig, variables, time },
    userAgent: `holdfast-request/${version}`,
  });
  try {
    const job = { name: jobName, uid: jobUid };
    return await requestBackup({ client, time, log, series, pvcName, job, timeoutMs, signal });
  } finally {
    close();
  }
}

async function startStandalone(
  request: StandaloneRequest,
  process: FrontProcess,
  { program, random }: Machinery,
): Promise<RunningStandalone> {
  const { startStandalone: start } = await import('./standalone/index.ts');
  const { acquireLock } = await import('./store/index.ts');
  const { time, log, variables, version } = process;
  const { dataDir, listen, kubeconfig, nodeName, enableBackups } = request;
  const engine = await start({
    ...{ dataDir, listen, kubeconfig, nodeName, enableBackups, program, variables, version, time, log, random },
    lock: (path) => acquireLock(path, { purpose: 'holdfast standalone', clock: time }),
  });
  let etcd: EmbeddedEtcd | undefined;
  try {
    etcd = await startEtcd(request, process);
    const operator = await createBackupOperator(request, process, { engine, etcd, random });
    const health = await serveHealth(request, process, operator);
    return {
      url: engine.url.origin,
      metricsUrl: health?.url,
      kubeconfig,
      etcd: etcd && { endpoint: etcd.endpoint, cacert: etcd.cacert, cert: etcd.cert, key: etcd.key },
      ended: work({ engine, etcd, operator, health }, request, process),
    };
  } catch (error) {
    await etcd?.stop();
    await engine.close();
    throw error;
  }
}

interface Parts {
  readonly engine: Standalone;
  readonly etcd: EmbeddedEtcd | undefined;
  readonly operator: Operator;
  readonly health: HealthServer | undefined;
}

/** Until the process is asked to end, or a part gives up; then ends all in order. */
async function work(
  { engine, etcd, operator, health }: Parts,
  request: StandaloneRequest,
  process: FrontProcess,
): Promise<void> {
  const { log, signal } = process;
  const { onAbort } = await import('./base/index.ts');
  const stop = new AbortController();
  const running = Promise.all([engine.run(stop.signal), operator.run(stop.signal)]);
  const asked = new Promise<void>((resolve) => void onAbort(signal, resolve));
  try {
    await Promise.race([running, asked, ...(etcd === undefined ? [] : [etcdGone(etcd, request)])]);
    log.info('ending: nothing is started any more', { running: engine.running });
    await engine.drain({ graceMs: request.graceMs, signal: stop.signal });
    await settle([engine, operator], process);
  } finally {
    stop.abort();
    await running.catch((error: unknown) => log.error('the engine gave up', { reason: String(error) }));
    await health?.close();
    await engine.close();
    await etcd?.stop();
  }
}

const SETTLE_MS = 5_000;
const LOOK_AGAIN_MS = 50;
const CALM_LOOKS = 5;

/** Lets what has just ended be written down as its outcome. Whatever misses that is found at the next start. */
async function settle(parts: readonly { readonly isIdle: boolean }[], { time }: FrontProcess): Promise<void> {
  const { pause } = await import('./controller/index.ts');
  const end = time.monotonicMs() + SETTLE_MS;
  const never = new AbortController().signal;
  // One hands over to the other, and in between both are idle for a moment.
  for (let calm = 0; calm < CALM_LOOKS && time.monotonicMs() < end;) {
    await pause(time, LOOK_AGAIN_MS, never);
    calm = parts.every(({ isIdle }) => isIdle) ? calm + 1 : 0;
  }
}

async function etcdGone({ ended }: EmbeddedEtcd, { dataDir }: StandaloneRequest): Promise<never> {
  await ended;
  const { StandaloneError } = await import('./standalone/index.ts');
  throw new StandaloneError('STANDALONE_ETCD', 'the etcd for trial has ended by itself', {
    hint: `See ${etcdFolder(dataDir)}/etcd.log, and start again: its data is kept.`,
  });
}

function etcdFolder(dataDir: string): string {
  return join(dataDir, 'etcd');
}

async function startEtcd(
  { dataDir, embeddedEtcd }: StandaloneRequest,
  { time, log, signal, variables }: FrontProcess,
): Promise<EmbeddedEtcd | undefined> {
  if (embeddedEtcd === undefined) return undefined;
  const { startEmbeddedEtcd } = await import('./standalone/index.ts');
  const folder = etcdFolder(dataDir);
  return startEmbeddedEtcd({ folder, binary: embeddedEtcd.binary, path: variables['PATH'], time, log, signal });
}

async function createBackupOperator(
  request: StandaloneRequest,
  { time, log }: FrontProcess,
  { engine, etcd, random }: Pick<Parts, 'engine' | 'etcd'> & Pick<Machinery, 'random'>,
): Promise<Operator> {
  const { createOperator } = await import('./operator/index.ts');
  const { localTimeZone } = await import('./standalone/index.ts');
  return createOperator({
    client: engine.client,
    time,
    log,
    random,
    settings: {
      // Pods are processes of this very program; Kubernetes wants a name all the same.
      image: 'holdfast',
      backupArgs: [...etcdArguments(etcd), ...(await loginArguments(request)), ...request.backupArgs],
      activeDeadlineSeconds: Math.ceil(request.jobDeadlineMs / 1000),
      startDeadlineSeconds: Math.ceil(request.startDeadlineMs / 1000),
      hostFolder: request.defaultFolder,
      defaultTimeZone: localTimeZone(),
    },
  });
}

function etcdArguments(etcd: EmbeddedEtcd | undefined): readonly string[] {
  if (etcd === undefined) return [];
  const { endpoint, cacert, cert, key } = etcd;
  return ['--endpoints', endpoint, '--cacert', cacert, '--cert', cert, '--key', key];
}

/** Objects and process lists are for many eyes: the password goes to a file that only we can read. */
async function loginArguments({ login, dataDir }: StandaloneRequest): Promise<readonly string[]> {
  const path = join(dataDir, 'access', 'etcd-password');
  if (login === undefined) {
    // A login that is no longer given leaves no password behind.
    await rm(path, { force: true });
    return [];
  }
  const { writeFileDurably } = await import('./base/index.ts');
  await writeFileDurably(path, `${login.password.reveal()}\n`, { replace: true });
  return ['--user', login.user, '--password-file', path];
}

async function serveHealth(
  { metrics }: StandaloneRequest,
  { log }: FrontProcess,
  operator: Operator,
): Promise<HealthServer | undefined> {
  if (metrics === undefined) return undefined;
  const { createLeadingOperator, startHealthServer } = await import('./operator/index.ts');
  return startHealthServer(createLeadingOperator(operator, undefined), { ...metrics, log });
}
