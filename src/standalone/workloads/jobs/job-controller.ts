import { ApiServerError, resources, type Job, type KubeClient, type Pod } from '../../../apiserver/index.ts';
import type { Log, Time } from '../../../base/index.ts';
import {
  createController,
  createEventRecorder,
  formatTime,
  keyOf,
  parseKey,
  type Controller,
  type EventNote,
  type EventRecorder,
  type Informer,
  type PassResult,
  type ReconcileResult,
} from '../../../controller/index.ts';
import {
  endOf,
  isTerminating,
  isTracked,
  outcomeOf,
  podFromTemplate,
  PodsByJob,
  TRACKING_FINALIZER,
} from './job-pods.ts';
import { finishedCondition, hasCondition, type Verdict } from './job-state.ts';
import { nextStatus } from './job-status.ts';
import { count, note, tallyOf, withTally, type JobStatus, type Tally } from './job-tally.ts';
import { judge, msToDeadline, standingVerdict, withVerdict } from './job-verdict.ts';
import { endByPolicy } from './pod-failure-policy.ts';
import { isSameJson } from '../json-equality.ts';
import { isControlledBy } from '../ownership.ts';

export interface JobControllerOptions {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  /** Both run by the caller. */
  readonly jobs: Informer<Job>;
  readonly pods: Informer<Pod>;
  readonly onResult?: ((result: PassResult) => void) | undefined;
}

const WORKERS = 4;
/** kube-controller-manager's (`DefaultJobPodFailureBackOff`, `MaxJobPodFailureBackOff`). */
const FIRST_BACK_OFF_MS = 10_000;
const LONGEST_BACK_OFF_MS = 600_000;
/** How soon to look again where the informers lag behind the server. */
const SOON_MS = 100;
/** Clocks may be set while a deadline is waited for. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Runs Jobs as kube-controller-manager does, with its names, events and status, one pod at a time. It differs in that a pod
 * that is being deleted has to have ended before another takes its place (`podReplacementPolicy: Failed`, whatever the Job
 * says): two processes for one backup would be one too many.
 */
export function createJobController(options: JobControllerOptions): Controller {
  const { jobs, pods, time, log, onResult } = options;
  const index = new PodsByJob(pods, (key) => controller.enqueue(key));
  const reconciler = new JobReconciler(options, index);
  const controller: Controller = createController(
    { name: 'job', informers: [jobs, pods], workers: WORKERS, reconcile: (key) => reconciler.reconcile(key) },
    { time, log, onResult },
  );
  jobs.onChange((job) => controller.enqueue(keyOf(job)));
  return controller;
}

class JobReconciler {
  readonly #options: JobControllerOptions;
  readonly #pods: PodsByJob;
  readonly #events: EventRecorder;
  /** When a Job's last pod failed, by the Job's key; the pod itself may be gone by then. */
  readonly #lastFailures = new Map<string, { readonly uid: string; readonly at: number }>();

  constructor(options: JobControllerOptions, pods: PodsByJob) {
    this.#options = options;
    this.#pods = pods;
    const { client, time, log } = options;
    this.#events = createEventRecorder(client, { component: 'job-controller', time, log });
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const job = this.#options.jobs.get(parseKey(key));
    const all = this.#pods.of(key);
    const own = job === undefined ? [] : all.filter((pod) => isControlledBy(pod, job));
    const isOver = job === undefined || job.metadata.deletionTimestamp !== undefined;
    // Nobody counts the pods of a Job that is gone.
    for (const pod of all) if (isOver || !own.includes(pod)) await this.#release(pod);
    if (isOver) {
      this.#lastFailures.delete(key);
      return undefined;
    }
    const managedBy = job.spec['managedBy'];
    if (typeof managedBy === 'string' && managedBy !== 'kubernetes.io/job-controller') return undefined;
    if (finishedCondition(job) !== undefined) return this.#tidy(key, job, own);
    try {
      return await this.#run(key, job, own);
    } catch (error) {
      // One that is removed while it is worked on is no failure: its removal brings the key back.
      if (isMissing(error) && (await this.#isGone(job))) return undefined;
      throw error;
    }
  }

  async #isGone({ metadata }: Job): Promise<boolean> {
    try {
      return (await this.#options.client.get(resources.jobs, metadata)).metadata.uid !== metadata.uid;
    } catch (error) {
      if (isMissing(error)) return true;
      throw error;
    }
  }

  /** A finished Job does nothing any more but go when its time is over. */
  async #tidy(key: string, job: Job, pods: readonly Pod[]): Promise<ReconcileResult | undefined> {
    this.#lastFailures.delete(key);
    for (const pod of pods) if (outcomeOf(pod) !== undefined) await this.#release(pod);
    const { ttlSecondsAfterFinished: ttl } = job.spec;
    const end = finishedCondition(job)?.lastTransitionTime;
    if (ttl === undefined || end === undefined) return undefined;
    const left = Date.parse(end) + ttl * 1000 - this.#now().getTime();
    if (left > 0) return { again: Math.min(left, LONGEST_WAIT_MS) };
    await ignoreMissing(
      this.#options.client.delete(resources.jobs, job.metadata, { propagation: 'Background', uid: job.metadata.uid }),
    );
    return undefined;
  }

  async #run(key: string, cached: Job, pods: readonly Pod[]): Promise<ReconcileResult | undefined> {
    const { job, tally } = await this.#count(key, cached, pods);
    const now = this.#now();
    const running = pods.filter((pod) => outcomeOf(pod) === undefined);
    const verdict = judge(job, tally, running, now);
    const isStopped = verdict !== undefined || job.spec.suspend === true;
    if (isStopped) for (const pod of running) await this.#delete(job, pod);
    const waitMs = isStopped ? undefined : this.#msToRetry(key, pods, tally.failed, now);
    const start = !isStopped && running.length === 0 && waitMs === undefined ? await this.#start(job) : undefined;
    if (start === 'lagging') return { again: SOON_MS };
    const status = nextStatus(job, { tally, running, verdict, hasStarted: start === 'started', now });
    await this.#write(job, status, verdict);
    const waits = [waitMs, verdict === undefined ? msToDeadline({ ...job, status }, now) : undefined];
    const next = Math.min(...waits.filter((each) => each !== undefined), Infinity);
    return next === Infinity ? undefined : { again: Math.min(Math.max(next, 0), LONGEST_WAIT_MS) };
  }

  /** Counts the pods that have ended; see {@link Tally} for the order. */
  async #count(key: string, cached: Job, pods: readonly Pod[]): Promise<{ readonly job: Job; readonly tally: Tally }> {
    const before = tallyOf(cached.status);
    const noted = note(before, pods, cached);
    let job = cached;
    if (!isSameJson(noted, before)) {
      const status = withTally({ startTime: formatTime(this.#now()), ...cached.status }, noted);
      // Said before its pod can go, since nobody could tell afterwards.
      const end = standingVerdict(cached) === undefined ? endByPolicy(cached, pods) : undefined;
      job = await this.#options.client.updateStatus(resources.jobs, {
        ...cached,
        status: end === undefined ? status : withVerdict(status, end, false, this.#now()),
      });
    }
    const failures = pods.filter((pod) => isTracked(pod) && outcomeOf(pod) === 'failed');
    if (failures.length > 0) this.#rememberFailure(key, cached, failures);
    for (const pod of pods) if (outcomeOf(pod) !== undefined) await this.#release(pod);
    return { job, tally: count(noted) };
  }

  #rememberFailure(key: string, job: Job, pods: readonly Pod[]): void {
    const now = this.#now().getTime();
    this.#lastFailures.set(key, {
      uid: job.metadata.uid,
      at: Math.max(...pods.map((pod) => Math.min(endOf(pod) ?? now, now))),
    });
  }

  /** How long a failed pod's successor has to wait still; undefined: not at all. */
  #msToRetry(key: string, pods: readonly Pod[], failed: number, now: Date): number | undefined {
    const ends = pods.flatMap((pod) => (outcomeOf(pod) === 'failed' ? [endOf(pod) ?? 0] : []));
    // Those that do not count against the limit are waited for all the same.
    const failures = Math.max(failed, ends.length);
    if (failures === 0) return undefined;
    const last = Math.max(this.#lastFailures.get(key)?.at ?? 0, ...ends);
    const backOff = Math.min(FIRST_BACK_OFF_MS * 2 ** Math.min(failures - 1, 30), LONGEST_BACK_OFF_MS);
    // The clock was set back since: how long ago the end was cannot be told, and a wait would last until it is there again.
    if (last > now.getTime()) return undefined;
    const left = last + backOff - now.getTime();
    return left > 0 ? left : undefined;
  }

  /**
   * Makes the Job's pod unless it stands already. What the informers say may be old, so the server is asked first; and only
   * where the Job is the very one that was judged, and all its earlier pods have been counted, is there room for another.
   */
  async #start(job: Job): Promise<'started' | 'lagging'> {
    const { client } = this.#options;
    const { namespace, uid } = job.metadata;
    const labelSelector = `batch.kubernetes.io/controller-uid=${uid}`;
    const { items } = await client.list(resources.pods, { namespace, labelSelector });
    const own = items.filter((pod) => isControlledBy(pod, job));
    if (own.some((pod) => outcomeOf(pod) === undefined)) return 'started';
    const current = await client.get(resources.jobs, job.metadata);
    const isSame = current.metadata.uid === uid && current.metadata.resourceVersion === job.metadata.resourceVersion;
    if (!isSame || own.some(isTracked)) return 'lagging';
    try {
      const pod = await client.create(resources.pods, podFromTemplate(job));
      await this.#tell(job, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    } catch (error) {
      if (error instanceof ApiServerError)
        await this.#tell(job, 'Warning', 'FailedCreate', `Error creating: ${error.message}`);
      throw error;
    }
    return 'started';
  }

  async #write(job: Job, status: JobStatus, verdict: Verdict | undefined): Promise<void> {
    if (isSameJson(job.status, status)) return;
    const written = await this.#options.client.updateStatus(resources.jobs, { ...job, status });
    const end = finishedCondition(written);
    if (end !== undefined && verdict !== undefined) {
      if (verdict.isSuccess) await this.#tell(job, 'Normal', 'Completed', 'Job completed');
      else await this.#tell(job, 'Warning', verdict.reason, verdict.message);
    }
    const [was, is] = [hasCondition(job, 'Suspended'), hasCondition(written, 'Suspended')];
    if (is && !was) await this.#tell(job, 'Normal', 'Suspended', 'Job suspended');
    if (was && !is) await this.#tell(job, 'Normal', 'Resumed', 'Job resumed');
  }

  /** Lets a pod go that has been counted, or that nobody will count. */
  async #release(pod: Pod): Promise<void> {
    if (!isTracked(pod)) return;
    const { resourceVersion, finalizers = [] } = pod.metadata;
    const kept = finalizers.filter((finalizer) => finalizer !== TRACKING_FINALIZER);
    const body = { metadata: { resourceVersion, finalizers: kept } };
    await ignoreMissing(this.#options.client.patch(resources.pods, pod.metadata, { kind: 'merge', body }));
  }

  async #delete(job: Job, pod: Pod): Promise<void> {
    if (isTerminating(pod)) return;
    await ignoreMissing(this.#options.client.delete(resources.pods, pod.metadata, { uid: pod.metadata.uid }));
    await this.#tell(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
  }

  #tell(job: Job, type: EventNote['type'], reason: string, message: string): Promise<void> {
    return this.#events.record(job, { type, reason, message });
  }

  #now(): Date {
    return this.#options.time.now();
  }
}

async function ignoreMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND';
}
