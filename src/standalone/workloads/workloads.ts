import { resources, type KubeClient, type ObjectName, type Pod } from '../../apiserver/index.ts';
import type { Log, Time } from '../../base/index.ts';
import { createInformer, type PassResult } from '../../controller/index.ts';
import { createCronJobController } from './cron-jobs/cron-job-controller.ts';
import { createJobController } from './jobs/job-controller.ts';
import type { LogRequest } from './pods/pod-log.ts';
import { createPodRunner } from './pods/pod-runner.ts';
import { createScheduler } from './pods/scheduler.ts';
import type { ContainerRuntime } from './runtime/container-runtime.ts';

export interface WorkloadsOptions {
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
  /** The variables that a pod gets beside its own: KUBECONFIG, PATH, HOME, TZ, LANG. It gets no others. */
  readonly podEnvironment: (pod: Pod) => Promise<Readonly<Record<string, string>>>;
  /** How many pods that mount storage run at a time, and how many that mount none. Default: 4. */
  readonly maxPods?: number | undefined;
  /** Of CronJobs that name none. Default: this process's. */
  readonly timeZone?: string | undefined;
  /** From 0 to below 1, to spread what informers wait for after failures. */
  readonly random?: (() => number) | undefined;
  readonly onResult?: ((result: PassResult) => void) | undefined;
}

/** CronJobs, Jobs and pods of one machine. */
export interface Workloads {
  /** Works until the signal aborts. What runs then runs on, and the next start finds it again. */
  run(signal: AbortSignal): Promise<void>;
  /** No controller has anything to do now. Containers may run. */
  readonly isIdle: boolean;
  /** How many containers run. */
  readonly running: number;
  /**
   * Before an orderly end, while {@link run} still runs: starts nothing more, gives what runs `graceMs` to finish (less if
   * the signal aborts), then ends it. Resolves when nothing runs and the API knows.
   */
  drain(options: { readonly graceMs: number; readonly signal: AbortSignal }): Promise<void>;
  /** A pod's log; undefined where it has none. */
  readLog(pod: ObjectName, request: LogRequest): AsyncIterable<Uint8Array> | undefined;
}

const DEFAULT_MAX_PODS = 4;

export function createWorkloads(options: WorkloadsOptions): Workloads {
  const { client, time, log, random, maxPods = DEFAULT_MAX_PODS } = options;
  const watching = { time, log, random };
  const cronJobs = createInformer(client, resources.cronJobs, watching);
  const jobs = createInformer(client, resources.jobs, watching);
  const pods = createInformer(client, resources.pods, watching);
  const claims = createInformer(client, resources.persistentVolumeClaims, watching);
  const classes = createInformer(client, resources.storageClasses, watching);
  const nodes = createInformer(client, resources.nodes, watching);
  const scheduler = createScheduler({ ...options, maxPods, pods, claims, classes, nodes });
  const runner = createPodRunner({ ...options, pods });
  const controllers = [
    createCronJobController({ ...options, cronJobs, jobs }),
    createJobController({ ...options, jobs, pods }),
    scheduler,
    runner,
  ];
  return {
    run: async (signal) => {
      await Promise.all([cronJobs, jobs, pods, claims, classes, nodes, ...controllers].map((each) => each.run(signal)));
    },
    get isIdle() {
      return controllers.every((controller) => controller.isIdle);
    },
    get running() {
      return runner.running;
    },
    drain: async (how) => {
      scheduler.close();
      await runner.drain(how);
    },
    readLog: (pod, request) => runner.readLog(pod, request),
  };
}
