import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiServerError, resources, type KubeClient, type ObjectName, type Pod } from '../../../apiserver/index.ts';
import { HoldfastError, makePrivateFolder, messageOf, type Log, type Time } from '../../../base/index.ts';
import {
  createController,
  createEventRecorder,
  formatTime,
  keyOf,
  parseKey,
  pause,
  type Controller,
  type EventNote,
  type EventRecorder,
  type Informer,
  type ReconcileResult,
} from '../../../controller/index.ts';
import { isSameJson } from '../json-equality.ts';
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import { checkPod, commandLine } from './command-line.ts';
import { graceOf, LocalPod, type LocalAttempt } from './local-pod.ts';
import { resolveMounts } from './mounts.ts';
import { readPodLog, type LogRequest } from './pod-log.ts';
import { statusOf, type ContainerState, type PodReport } from './pod-status.ts';
import { hasEnded } from './scheduler.ts';
import { mountsStorage } from './slots.ts';
import { terminationMessage } from './termination-message.ts';

export interface PodRunnerOptions {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  readonly nodeName: string;
  /** Where everything is kept that this machine has of its pods; made where it is missing. */
  readonly folder: string;
  readonly runtime: ContainerRuntime;
  /** How our own program is started: `[process.execPath, <script>]`. */
  readonly program: readonly string[];
  readonly claimFolder: (claim: ObjectName) => Promise<string>;
  /** Variables for a pod, such as KUBECONFIG, PATH, HOME, TZ and LANG. Nothing else of the engine's own gets through. */
  readonly podEnvironment: (pod: Pod) => Promise<Readonly<Record<string, string>>>;
  /** Run by the caller. */
  readonly pods: Informer<Pod>;
}

/** The node's agent. */
export interface PodRunner extends Controller {
  /** How many containers run. */
  readonly running: number;
  /**
   * Starts nothing more, gives what runs `graceMs` to finish (less if the signal aborts), then ends it, and waits for that.
   * Pods that mount no storage are ended once no other runs: what they wait for is not started any more.
   */
  drain(options: { readonly graceMs: number; readonly signal: AbortSignal }): Promise<void>;
  /** A pod's log; undefined where it has none. */
  readLog(pod: ObjectName, request: LogRequest): AsyncIterable<Uint8Array> | undefined;
}

const WORKERS = 4;
/** How long what waits for others may take to hear that they are done. */
const TOLD_MS = 5_000;
const LONGEST_WAIT_MS = 60_000;
/** kubelet's back-off for containers that end again and again (pkg/kubelet: MaxContainerBackOff). */
const FIRST_RESTART_MS = 10_000;
const LONGEST_RESTART_MS = 300_000;
const REFUSED_CODE = 128;

/** Runs the pods of its node as child processes, and tells the API how they do, as kubelet would. */
export function createPodRunner(options: PodRunnerOptions): PodRunner {
  return new Runner(options);
}

/** In kubelet's words (pkg/kubelet/nodeshutdown). */
const SHUTDOWN = {
  reason: 'Terminated',
  message: 'Pod was terminated in response to imminent node shutdown.',
};

/** Why a pod has to end that would go on by itself. */
interface Doom {
  readonly graceMs: number;
  readonly reason?: string;
  readonly message?: string;
}

class Runner implements PodRunner {
  readonly #options: PodRunnerOptions;
  readonly #controller: Controller;
  readonly #events: EventRecorder;
  readonly #locals = new Map<string, LocalPod>();
  /** The pods that an orderly end has ended, so that they say so when their processes are gone. */
  readonly #shutDown = new Set<string>();
  #isDraining = false;
  #isEnding = false;

  constructor(options: PodRunnerOptions) {
    this.#options = options;
    const { client, time, log, pods } = options;
    this.#events = createEventRecorder(client, { component: 'kubelet', time, log });
    this.#controller = createController(
      { name: 'pods', informers: [pods], workers: WORKERS, reconcile: (key) => this.#reconcile(key) },
      { time, log },
    );
    pods.onChange((pod) => this.enqueue(keyOf(pod)));
  }

  get isIdle(): boolean {
    return this.#controller.isIdle;
  }

  get running(): number {
    return [...this.#locals.values()].filter(({ isRunning }) => isRunning).length;
  }

  /** Whether a container runs that does work itself, or one whose pod is not known any more. */
  get #isAtWork(): boolean {
    const waiting = new Set(this.#options.pods.list().flatMap((pod) => (mountsStorage(pod) ? [] : [pod.metadata.uid])));
    return [...this.#locals.values()].some(({ isRunning, uid }) => isRunning && !waiting.has(uid));
  }

  enqueue(key: string, afterMs?: number): void {
    this.#controller.enqueue(key, afterMs);
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#options.pods.synced(signal);
    } catch {
      return;
    }
    await this.#adoptOrphans();
    await this.#controller.run(signal);
  }

  async drain({ graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal }): Promise<void> {
    this.#isDraining = true;
    const { time } = this.#options;
    const end = time.monotonicMs() + graceMs;
    const isInTime = (): boolean => time.monotonicMs() < end && !signal.aborted;
    while (this.#isAtWork && isInTime()) await pause(time, 100, signal);
    // What is left waits for others to do its work. It may have been done, and then it is told in a moment.
    const told = time.monotonicMs() + TOLD_MS;
    while (this.running > 0 && time.monotonicMs() < told && isInTime()) await pause(time, 100, signal);
    this.#isEnding = true;
    for (const local of this.#locals.values()) this.enqueue(local.key);
    const never = new AbortController().signal;
    while (this.running > 0 || !this.isIdle) await pause(time, 20, never);
  }

  readLog(name: ObjectName, request: LogRequest): AsyncIterable<Uint8Array> | undefined {
    const pod = this.#options.pods.get(name);
    const attempt = pod === undefined ? undefined : this.#locals.get(pod.metadata.uid)?.current;
    if (attempt === undefined) return undefined;
    const source = { path: attempt.files.log, time: this.#options.time, hasEnded: () => attempt.exit !== undefined };
    return readPodLog(source, request);
  }

  /** Processes and folders of pods that were deleted while no engine ran. */
  async #adoptOrphans(): Promise<void> {
    const { folder, pods, log } = this.#options;
    await makePrivateFolder(folder);
    const known = new Set(pods.list().map(({ metadata }) => metadata.uid));
    for (const uid of await readdir(folder)) {
      if (known.has(uid)) continue;
      log.info('a pod that is gone has left something on this machine; it is cleaned up', { uid });
      const key = `#${uid}`;
      this.#locals.set(uid, await this.#open(uid, key));
      this.enqueue(key);
    }
  }

  #open(uid: string, key: string): Promise<LocalPod> {
    const { folder, runtime, time } = this.#options;
    return LocalPod.open({ folder: join(folder, uid), key, runtime, time, onEnd: () => this.enqueue(key) });
  }

  async #reconcile(key: string): Promise<ReconcileResult | undefined> {
    const pod = this.#options.pods.get(parseKey(key));
    await this.#abandon(key, pod?.metadata.uid);
    if (pod === undefined || pod.spec.nodeName !== this.#options.nodeName) return undefined;
    const { uid } = pod.metadata;
    const local = this.#locals.get(uid) ?? (await this.#open(uid, key));
    this.#locals.set(uid, local);
    if (hasEnded(pod)) return this.#bury(pod, local);
    const doom = this.#doomOf(pod, this.#options.time.now());
    if (doom !== undefined) return this.#end(pod, local, doom);
    if (local.isRunning) {
      await this.#report(pod, {
        phase: 'Running',
        state: running(local.current),
        ...(await this.#history(pod, local)),
      });
      return this.#untilDeadline(pod);
    }
    const exit = local.current?.exit;
    return exit === undefined ? this.#start(pod, local) : this.#afterExit(pod, local, exit.exitCode, exit.finishedAt);
  }

  /** Ends what runs for a pod that is gone, or was replaced by another of its name, and then removes its folder. */
  async #abandon(key: string, uid: string | undefined): Promise<void> {
    for (const local of [...this.#locals.values()]) {
      if (local.key !== key || local.uid === uid) continue;
      if (local.isRunning) {
        local.stop(30_000);
        continue;
      }
      await local.remove();
      this.#locals.delete(local.uid);
    }
  }

  #doomOf(pod: Pod, now: Date): Doom | undefined {
    const graceMs = graceOf(pod);
    if (pod.metadata.deletionTimestamp !== undefined) return { graceMs };
    const { activeDeadlineSeconds } = pod.spec;
    const { startTime } = pod.status ?? {};
    const isLate =
      activeDeadlineSeconds !== undefined &&
      startTime !== undefined &&
      Date.parse(startTime) + activeDeadlineSeconds * 1000 <= now.getTime();
    if (isLate) {
      const message = 'Pod was active on the node longer than the specified deadline';
      return { graceMs, reason: 'DeadlineExceeded', message };
    }
    const { uid } = pod.metadata;
    if (this.#isEnding && this.#locals.get(uid)?.isRunning === true) this.#shutDown.add(uid);
    return this.#shutDown.has(uid) ? { graceMs, ...SHUTDOWN } : undefined;
  }

  async #end(pod: Pod, local: LocalPod, doom: Doom): Promise<ReconcileResult | undefined> {
    if (local.isRunning) {
      if (local.stop(doom.graceMs))
        await this.#tell(pod, 'Normal', 'Killing', `Stopping container ${containerName(pod)}`);
      return undefined;
    }
    const { current } = local;
    const isSuccess = current?.exit?.exitCode === 0;
    const state =
      current === undefined ? { waiting: { reason: 'ContainerCreating' } } : await this.#terminated(pod, current);
    const { reason, message } = doom;
    const phase = isSuccess ? 'Succeeded' : 'Failed';
    await this.#report(pod, {
      phase,
      ...(!isSuccess && { reason, message }),
      state,
      ...(await this.#history(pod, local)),
    });
    return undefined;
  }

  /** A pod that has ended keeps its log until it is deleted; then its node is the last to let it go. */
  async #bury(pod: Pod, local: LocalPod): Promise<undefined> {
    if (local.isRunning) local.stop(graceOf(pod));
    else if (pod.metadata.deletionTimestamp !== undefined) {
      const { uid } = pod.metadata;
      await ignoreMissing(this.#options.client.delete(resources.pods, pod.metadata, { uid, gracePeriodSeconds: 0 }));
    }
    return undefined;
  }

  async #start(pod: Pod, local: LocalPod): Promise<ReconcileResult | undefined> {
    if (this.#isDraining) return undefined;
    const [container] = pod.spec.containers;
    const history = await this.#history(pod, local);
    try {
      checkPod(pod);
      if (container === undefined) throw new TypeError('a pod without containers was not refused');
      const { claimFolder, podEnvironment, program } = this.#options;
      const mounts = await resolveMounts(pod, container, { claimFolder, emptyFolders: local.emptyFolders });
      const environment = await podEnvironment(pod);
      await local.start(({ termination }) =>
        commandLine(pod, container, { program, mounts, environment, terminationFile: termination }),
      );
    } catch (error) {
      return this.#startFailed(pod, history, error);
    }
    await this.#report(pod, { phase: 'Running', state: running(local.current), ...(await this.#history(pod, local)) });
    await this.#tell(pod, 'Normal', 'Started', `Started container ${containerName(pod)}`);
    return this.#untilDeadline(pod);
  }

  async #startFailed(pod: Pod, history: History, error: unknown): Promise<undefined> {
    if (!(error instanceof HoldfastError)) throw error;
    const message = messageOf(error);
    if (error.code === 'WORKLOAD_POD_REFUSED') {
      const now = formatTime(this.#options.time.now());
      const terminated = {
        exitCode: REFUSED_CODE,
        reason: 'ContainerCannotRun',
        message,
        startedAt: now,
        finishedAt: now,
      };
      await this.#report(pod, { phase: 'Failed', state: { terminated }, ...history });
      await this.#tell(pod, 'Warning', 'Failed', `Error: ${message}`);
      return undefined;
    }
    const isRuntime = error.code === 'WORKLOAD_RUNTIME';
    const reason = isRuntime ? 'RunContainerError' : 'ContainerCreating';
    await this.#report(pod, {
      phase: 'Pending',
      state: { waiting: { reason, ...(isRuntime && { message }) } },
      ...history,
    });
    await this.#tell(pod, 'Warning', isRuntime ? 'Failed' : 'FailedMount', isRuntime ? `Error: ${message}` : message);
    throw error;
  }

  async #afterExit(pod: Pod, local: LocalPod, exitCode: number, at: Date): Promise<ReconcileResult | undefined> {
    const policy = pod.spec.restartPolicy ?? 'Always';
    const isAgain = policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
    const state = local.current === undefined ? {} : await this.#terminated(pod, local.current);
    const history = await this.#history(pod, local);
    if (!isAgain) {
      await this.#report(pod, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', state, ...history });
      return undefined;
    }
    if (this.#isEnding) {
      await this.#report(pod, { phase: 'Failed', ...SHUTDOWN, state, ...history });
      return undefined;
    }
    const backOff = Math.min(FIRST_RESTART_MS * 2 ** Math.min(local.restarts, 30), LONGEST_RESTART_MS);
    const since = this.#options.time.now().getTime() - at.getTime();
    const left = backOff - since;
    // Ended later than now: the clock was set back, and a wait would last until it is there again.
    if (since < 0 || left <= 0) return this.#start(pod, local);
    const name = containerName(pod);
    const place = `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid})`;
    const message = `back-off ${backOff / 1000}s restarting failed container=${name} pod=${place}`;
    const waiting = { reason: 'CrashLoopBackOff', message };
    await this.#report(pod, { phase: 'Running', state: { waiting }, lastState: state, restarts: local.restarts });
    return { again: Math.min(left, LONGEST_WAIT_MS) };
  }

  async #history(pod: Pod, local: LocalPod): Promise<History> {
    const { previous, restarts } = local;
    return { restarts, ...(previous && { lastState: await this.#terminated(pod, previous) }) };
  }

  async #terminated(pod: Pod, { files, exit, startedAt }: LocalAttempt): Promise<ContainerState> {
    if (exit === undefined) return {};
    const { exitCode, finishedAt } = exit;
    const policy = pod.spec.containers[0]?.terminationMessagePolicy;
    const own = await terminationMessage(files, policy, exitCode);
    const message = own === '' ? exit.message : own;
    return {
      terminated: {
        exitCode,
        reason: exitCode === 0 ? 'Completed' : 'Error',
        ...(message !== undefined && { message }),
        startedAt: formatTime(startedAt),
        finishedAt: formatTime(finishedAt),
      },
    };
  }

  #untilDeadline(pod: Pod): ReconcileResult | undefined {
    const { activeDeadlineSeconds } = pod.spec;
    if (activeDeadlineSeconds === undefined) return undefined;
    const now = this.#options.time.now();
    const start = pod.status?.startTime === undefined ? now.getTime() : Date.parse(pod.status.startTime);
    const left = start + activeDeadlineSeconds * 1000 - now.getTime();
    return { again: Math.min(Math.max(left, 0), LONGEST_WAIT_MS) };
  }

  async #report(pod: Pod, report: PodReport): Promise<void> {
    const status = statusOf(pod, report, this.#options.time.now());
    if (isSameJson(pod.status, status)) return;
    await ignoreMissing(this.#options.client.updateStatus(resources.pods, { ...pod, status }));
  }

  #tell(pod: Pod, type: EventNote['type'], reason: string, message: string): Promise<void> {
    return this.#events.record(pod, { type, reason, message });
  }
}

type History = Pick<PodReport, 'restarts' | 'lastState'>;

function running(attempt: LocalAttempt | undefined): ContainerState {
  return attempt === undefined ? {} : { running: { startedAt: formatTime(attempt.startedAt) } };
}

function containerName(pod: Pod): string {
  return pod.spec.containers[0]?.name ?? '';
}

async function ignoreMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ApiServerError) || error.code !== 'APISERVER_NOT_FOUND') throw error;
  }
}
