/** CronJobs, Jobs and pods on one machine: when they run, and as which processes. */
export { createCronJobController, type CronJobControllerOptions } from './cron-jobs/cron-job-controller.ts';
export { Schedule } from './cron-jobs/schedule.ts';
export { localTimeZone } from './cron-jobs/time-zone.ts';
export { WorkloadError, workloadErrors, type WorkloadErrorCode } from './errors.ts';
export { createJobController, type JobControllerOptions } from './jobs/job-controller.ts';
export type { LogRequest } from './pods/pod-log.ts';
export { createPodRunner, type PodRunner, type PodRunnerOptions } from './pods/pod-runner.ts';
export { createScheduler, type Scheduler, type SchedulerOptions } from './pods/scheduler.ts';
export type {
  Adopted,
  ContainerAttempt,
  ContainerExit,
  ContainerRuntime,
  RunningContainer,
} from './runtime/container-runtime.ts';
export { createProcessRuntime, type ProcessRuntimeOptions } from './runtime/process-runtime.ts';
export { createWorkloads, type Workloads, type WorkloadsOptions } from './workloads.ts';
