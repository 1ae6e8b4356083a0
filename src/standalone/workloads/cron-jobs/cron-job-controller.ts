import { isDeepStrictEqual } from 'node:util';
import { ApiServerError, resources, type CronJob, type Job, type KubeClient } from '../../../apiserver/index.ts';
import { HoldfastError, type Log, type Time } from '../../../base/index.ts';
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
import { observeJobs, surplusJobs } from './cron-job-history.ts';
import { finishedCondition } from '../jobs/job-state.ts';
import { controllerOf, isControlledBy } from '../ownership.ts';
import { Schedule } from './schedule.ts';
import { jobFromTemplate, jobNameOf } from './scheduled-job.ts';
import { localTimeZone } from './time-zone.ts';

export interface CronJobControllerOptions {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  /** Both run by the caller. */
  readonly cronJobs: Informer<CronJob>;
  readonly jobs: Informer<Job>;
  /** Where a CronJob names none. Default: this process's. */
  readonly timeZone?: string | undefined;
  readonly onResult?: ((result: PassResult) => void) | undefined;
}

/** Timers stand still while a machine sleeps, and clocks are set; so nothing is waited for longer than this. */
const LONGEST_WAIT_MS = 60_000;
/** kube-controller-manager's limit, beyond which it warns. */
const MANY_MISSED = 100;

/**
 * Makes the Jobs of CronJobs as kube-controller-manager does, with its names, events and status. It differs in three
 * points: schedules keep their time of the day where clocks are set ({@link Schedule}); a run that is too late for its
 * starting deadline is told once, and told at all; and a last schedule time that lies in the future, because the clock was
 * wrong, is put right rather than waited for.
 */
export function createCronJobController(options: CronJobControllerOptions): Controller {
  const { cronJobs, jobs, time, log, onResult } = options;
  const reconciler = new CronJobReconciler(options);
  const controller = createController(
    { name: 'cronjob', informers: [cronJobs, jobs], reconcile: (key) => reconciler.reconcile(key) },
    { time, log, onResult },
  );
  cronJobs.onChange((cronJob) => controller.enqueue(keyOf(cronJob)));
  jobs.onChange((job) => {
    const owner = controllerOf(job);
    if (owner?.kind === 'CronJob') controller.enqueue(keyOf({ namespace: job.metadata.namespace, name: owner.name }));
  });
  return controller;
}

type CronJobStatus = NonNullable<CronJob['status']>;

/** One pass's working state: the status as it is to be, and what to tell when it has been written. */
interface Pass {
  readonly cronJob: CronJob;
  status: CronJobStatus;
  readonly events: EventNote[];
}

/** What is remembered of a CronJob between passes; none of it is missed after a restart. */
interface Memory {
  readonly uid: string;
  /** By reason, what has been told already and need not be repeated at every pass. */
  readonly told: Map<string, string>;
  schedule?: { readonly text: string; readonly parsed: Schedule };
}

class CronJobReconciler {
  readonly #options: CronJobControllerOptions;
  readonly #events: EventRecorder;
  readonly #memories = new Map<string, Memory>();

  constructor(options: CronJobControllerOptions) {
    this.#options = options;
    const { client, time, log } = options;
    this.#events = createEventRecorder(client, { component: 'cronjob-controller', time, log });
  }

  async reconcile(key: string): Promise<ReconcileResult | undefined> {
    const cronJob = this.#options.cronJobs.get(parseKey(key));
    if (cronJob === undefined) {
      this.#memories.delete(key);
      return undefined;
    }
    const memory = this.#recall(key, cronJob);
    const jobs = this.#options.jobs.list(cronJob.metadata.namespace).filter((job) => isControlledBy(job, cronJob));
    const observed = observeJobs(cronJob, jobs);
    const pass: Pass = { cronJob, status: observed.status, events: [...observed.events] };
    await this.#dropMissing(pass, jobs);
    await this.#tellUnexpected(pass, memory, jobs);
    const next = cronJob.metadata.deletionTimestamp === undefined ? await this.#schedule(pass, memory) : undefined;
    await this.#write(pass);
    for (const job of surplusJobs(cronJob, jobs)) await this.#delete(cronJob, job.metadata);
    if (next === undefined) return undefined;
    return { again: Math.min(Math.max(next.getTime() - this.#now().getTime(), 0), LONGEST_WAIT_MS) };
  }

  #now(): Date {
    return this.#options.time.now();
  }

  #recall(key: string, cronJob: CronJob): Memory {
    const { uid } = cronJob.metadata;
    const known = this.#memories.get(key);
    if (known?.uid === uid) return known;
    const memory: Memory = { uid, told: new Map() };
    this.#memories.set(key, memory);
    return memory;
  }

  /** An active Job that is gone would block a CronJob that forbids concurrent runs for ever. */
  async #dropMissing(pass: Pass, jobs: readonly Job[]): Promise<void> {
    const known = new Set(jobs.map((job) => job.metadata.uid));
    for (const { name, uid } of pass.status.active ?? []) {
      if (uid === undefined || known.has(uid)) continue;
      // The informer may only be late, so the server is asked.
      const job = await this.#find({ name, namespace: pass.cronJob.metadata.namespace });
      if (job?.metadata.uid === uid) continue;
      pass.status = { ...pass.status, active: pass.status.active?.filter((reference) => reference.uid !== uid) };
      pass.events.push({ type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${name}` });
    }
  }

  /** A Job that somebody else made, as `kubectl create job --from` does, runs beside those of the schedule. */
  async #tellUnexpected({ cronJob, status }: Pass, memory: Memory, jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) {
      const { name, uid } = job.metadata;
      const isListed = (of: CronJobStatus | undefined): boolean =>
        of?.active?.some((each) => each.uid === uid) === true;
      if (finishedCondition(job) !== undefined || isListed(status)) continue;
      const message = `Saw a job that the controller did not create or forgot: ${name}`;
      // One of ours may be noted already, and the informer only be late.
      if (isListed((await this.#current(cronJob))?.status)) continue;
      await this.#tellOnce(cronJob, memory, undefined, { type: 'Warning', reason: 'UnexpectedJob', message });
    }
  }

  async #current({ metadata }: CronJob): Promise<CronJob | undefined> {
    try {
      return await this.#options.client.get(resources.cronJobs, metadata);
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return undefined;
      throw error;
    }
  }

  /** Starts the Job that is due, if one is. @returns when to look again; undefined where only a change brings more */
  async #schedule(pass: Pass, memory: Memory): Promise<Date | undefined> {
    const { cronJob } = pass;
    const schedule = await this.#parse(cronJob, memory);
    if (schedule === undefined || cronJob.spec.suspend === true) return undefined;
    const now = this.#now();
    const { previous, next } = schedule.around(now);
    const due = this.#dueTime(pass, previous, now);
    if (due === undefined) return next;
    const { scheduled, since } = due;
    if (schedule.count(since, now, MANY_MISSED + 1) > MANY_MISSED)
      await this.#tellOnce(cronJob, memory, scheduled, {
        type: 'Warning',
        reason: 'TooManyMissedTimes',
        message: 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      });
    const deadline = cronJob.spec.startingDeadlineSeconds ?? Infinity;
    if (scheduled.getTime() + deadline * 1000 < now.getTime()) {
      await this.#tellOnce(cronJob, memory, scheduled, {
        type: 'Warning',
        reason: 'MissSchedule',
        message: `Missed scheduled time to start a job: ${formatRfc1123(scheduled)}`,
      });
      return next;
    }
    if (pass.status.active?.some(({ name }) => name === jobNameOf(cronJob, scheduled)) === true) return next;
    if (cronJob.spec.concurrencyPolicy === 'Forbid' && (pass.status.active?.length ?? 0) > 0) {
      await this.#tellOnce(cronJob, memory, scheduled, {
        type: 'Normal',
        reason: 'JobAlreadyActive',
        message: 'Not starting job because prior execution is running and concurrency policy is Forbid',
      });
      return next;
    }
    if (cronJob.spec.concurrencyPolicy === 'Replace') await this.#stopActive(pass);
    await this.#start(pass, schedule, scheduled);
    return next;
  }

  async #parse(cronJob: CronJob, memory: Memory): Promise<Schedule | undefined> {
    const { schedule, timeZone } = cronJob.spec;
    const zone = timeZone ?? this.#options.timeZone ?? localTimeZone();
    const text = `${zone} ${schedule}`;
    if (memory.schedule?.text === text) return memory.schedule.parsed;
    try {
      memory.schedule = { text, parsed: new Schedule(schedule, zone) };
      return memory.schedule.parsed;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      const [reason, message] =
        error.code === 'WORKLOAD_TIME_ZONE_UNKNOWN'
          ? ['UnknownTimeZone', `invalid timeZone: ${JSON.stringify(zone)}: ${error.message}`]
          : ['UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${error.message}`];
      await this.#tellOnce(cronJob, memory, undefined, { type: 'Warning', reason, message });
      return undefined;
    }
  }

  /** The latest run that should have started by now, if it has not yet. Earlier ones that were missed are made up for by it. */
  #dueTime(
    pass: Pass,
    scheduled: Date | undefined,
    now: Date,
  ): { readonly scheduled: Date; readonly since: Date } | undefined {
    const { creationTimestamp, name, namespace } = pass.cronJob.metadata;
    const since = new Date(pass.status.lastScheduleTime ?? creationTimestamp);
    if (since > now) {
      // The clock went forward, a run was noted, and the clock came back: without this, nothing would run until then.
      this.#options.log.warn('a CronJob ran in what is the future by now; its last schedule time is put right', {
        cronJob: keyOf({ name, namespace }),
        lastScheduleTime: formatTime(since),
      });
      if (scheduled !== undefined) pass.status = { ...pass.status, lastScheduleTime: formatTime(scheduled) };
      return undefined;
    }
    return scheduled === undefined || scheduled <= since ? undefined : { scheduled, since };
  }

  async #stopActive(pass: Pass): Promise<void> {
    for (const { name, uid } of pass.status.active ?? []) {
      await this.#delete(pass.cronJob, { name, uid });
      pass.status = { ...pass.status, active: pass.status.active?.filter((reference) => reference.uid !== uid) };
    }
  }

  /** The Job's name is the lock: where this run was made before, and only its being noted is missing, it is noted now. */
  async #start(pass: Pass, schedule: Schedule, scheduled: Date): Promise<void> {
    const { cronJob } = pass;
    const wanted = jobFromTemplate(cronJob, scheduled, schedule.zone);
    let job: Job | undefined;
    try {
      job = await this.#options.client.create(resources.jobs, wanted);
      const message = `Created job ${job.metadata.name}`;
      await this.#events.record(cronJob, { type: 'Normal', reason: 'SuccessfulCreate', message });
    } catch (error) {
      if (!(error instanceof ApiServerError) || error.code !== 'APISERVER_ALREADY_EXISTS') {
        if (error instanceof ApiServerError) await this.#tellFailure(cronJob, error);
        throw error;
      }
      job = await this.#find({ name: jobNameOf(cronJob, scheduled), namespace: cronJob.metadata.namespace });
      // Somebody else's Job of that name: it stands for this run, as upstream takes it.
      if (job !== undefined && !isControlledBy(job, cronJob)) job = undefined;
    }
    pass.status = { ...pass.status, lastScheduleTime: formatTime(scheduled) };
    if (job === undefined || finishedCondition(job) !== undefined) return;
    pass.status = { ...pass.status, active: [...(pass.status.active ?? []), referenceTo(job)] };
  }

  #tellFailure(cronJob: CronJob, error: ApiServerError): Promise<void> {
    const message = `Error creating job: ${error.message}`;
    return this.#events.record(cronJob, { type: 'Warning', reason: 'FailedCreate', message });
  }

  async #find(name: { readonly name: string; readonly namespace: string | undefined }): Promise<Job | undefined> {
    try {
      return await this.#options.client.get(resources.jobs, name);
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async #delete(cronJob: CronJob, { name, uid }: { name: string; uid?: string | undefined }): Promise<void> {
    const { namespace } = cronJob.metadata;
    try {
      await this.#options.client.delete(resources.jobs, { name, namespace }, { propagation: 'Background', uid });
    } catch (error) {
      if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') return;
      throw error;
    }
    await this.#events.record(cronJob, { type: 'Normal', reason: 'SuccessfulDelete', message: `Deleted job ${name}` });
  }

  async #write({ cronJob, status, events }: Pass): Promise<void> {
    if (!isDeepStrictEqual({ active: [], ...cronJob.status }, status))
      await this.#options.client.updateStatus(resources.cronJobs, { ...cronJob, status });
    for (const event of events) await this.#events.record(cronJob, event);
  }

  /** What every pass would say again is said once for each scheduled time. */
  async #tellOnce(cronJob: CronJob, memory: Memory, scheduled: Date | undefined, note: EventNote): Promise<void> {
    const topic = `${scheduled?.getTime() ?? ''} ${note.message}`;
    if (memory.told.get(note.reason) === topic) return;
    memory.told.set(note.reason, topic);
    await this.#events.record(cronJob, note);
  }
}

function referenceTo(job: Job): NonNullable<CronJobStatus['active']>[number] {
  const { name, namespace, uid, resourceVersion } = job.metadata;
  return { apiVersion: job.apiVersion, kind: job.kind, name, namespace, uid, resourceVersion };
}

/** Go's time.RFC1123Z in UTC: `Mon, 02 Jan 2006 15:04:05 +0000`. */
function formatRfc1123(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}
