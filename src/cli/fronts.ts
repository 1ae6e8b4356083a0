import type { Log, Secret, Time } from '../base/index.ts';
import type { JobReport } from '../crd/index.ts';

/**
 * The fronts beside the command line, as it sees them. They never import each other: `bin.ts` hands them over, each loaded
 * when its command runs.
 */
export interface Fronts {
  startStandalone(request: StandaloneRequest, process: FrontProcess): Promise<RunningStandalone>;
  /** Resolves once it has ended after the signal. */
  runOperator(request: OperatorRequest, process: FrontProcess): Promise<void>;
  requestBackup(request: RequestBackupRequest, process: FrontProcess): Promise<JobReport>;
}

/** What a front takes from the process. */
export interface FrontProcess {
  readonly time: Time;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly version: string;
  /** Environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface StandaloneRequest {
  /** Objects, volumes, logs, certificates: everything that the engine keeps. */
  readonly dataDir: string;
  readonly listen: ListenAddress;
  /** Undefined: no metrics are served. */
  readonly metrics: ListenAddress | undefined;
  /** Where the kubeconfig goes. */
  readonly kubeconfig: string;
  readonly nodeName: string;
  /** The two kinds are there without the FeatureGate. */
  readonly enableBackups: boolean;
  /** Start an etcd of our own for a trial, of this program, and back that up. */
  readonly embeddedEtcd: { readonly binary: string } | undefined;
  /** What every backup Job is told beside its own name and volume: options of `holdfast backup`. Nothing in it is secret. */
  readonly backupArgs: readonly string[];
  /** For etcd. The password reaches the Jobs in a file. */
  readonly login: { readonly user: string; readonly password: Secret } | undefined;
  /** Where backups go whose resource names no claim. */
  readonly defaultFolder: string;
  /** After SIGTERM, how long running backups may take to finish before they are ended, milliseconds. */
  readonly graceMs: number;
  /** How long a backup's Job may work in all. */
  readonly jobDeadlineMs: number;
  /** How long a backup whose turn it is may wait for its volume, a node and the start of its pod. */
  readonly startDeadlineMs: number;
}

export interface RunningStandalone {
  /** Of the API. */
  readonly url: string;
  readonly metricsUrl: string | undefined;
  readonly kubeconfig: string;
  /** The embedded etcd; undefined without one. */
  readonly etcd:
    { readonly endpoint: string; readonly cacert: string; readonly cert: string; readonly key: string } | undefined;
  /** Resolves once everything has ended after the signal; rejects where the engine had to give up. */
  readonly ended: Promise<void>;
}

export interface OperatorRequest {
  /** Undefined: the service account of the pod. */
  readonly kubeconfig: string | undefined;
  /** Of every Job. Undefined: the image of the pod that this process runs in. */
  readonly image: string | undefined;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** The pod that this process runs in, where it was told. */
  readonly pod: { readonly namespace: string; readonly name: string } | undefined;
  /** What this process is called among others; it gets something random for an end. */
  readonly name: string;
  /** One of several leads, by a Lease that lasts for so long, in milliseconds. Undefined: there is no other. */
  readonly leaseDurationMs: number | undefined;
  /** Undefined: neither metrics nor health are served. */
  readonly metrics: ListenAddress | undefined;
  /** All that a backup's pod sees of its host. */
  readonly hostMounts: readonly { readonly path: string; readonly type: 'folder' | 'file' }[];
  /** What every backup Job is told beside its own name and volume, and where its host is. Nothing in it is secret. */
  readonly backupArgs: readonly string[];
  /** The host's folder for backups whose resource names no claim. */
  readonly defaultFolder: string;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly backupAccount: string;
  readonly requestAccount: string;
  /** Undefined: none. */
  readonly priorityClass: string | undefined;
  readonly capabilities: readonly string[];
  /** How long a backup's Job may work in all, milliseconds. */
  readonly jobDeadlineMs: number;
  /** How long a backup whose turn it is may wait for its volume, a node and the start of its pod. */
  readonly startDeadlineMs: number;
  /** Undefined: the cluster is no OpenShift. */
  readonly openshift:
    | {
        readonly takeOver: boolean;
        readonly freshHours: number;
        readonly rolloutWaitMs: number;
        /** Undefined: updates begin without a backup. */
        readonly beforeUpdate:
          { readonly maxAgeMinutes: number; readonly keep: number; readonly pvcName: string } | undefined;
      }
    | undefined;
}

export interface RequestBackupRequest {
  /** Undefined: the service account of the pod. */
  readonly kubeconfig: string | undefined;
  readonly series: string;
  /** `''`: the default place. */
  readonly pvcName: string;
  readonly jobName: string;
  readonly jobUid: string;
  /** Milliseconds to wait for the outcome. */
  readonly timeoutMs: number;
}
