import {
  DEFAULT_KEPT_BEFORE_UPDATES,
  DEFAULT_ROLLOUT_WAIT_MS,
  type OpenShiftSettings,
} from './openshift/house-rules.ts';

/** Of the pods that the operator has made. */
export interface PodSettings {
  readonly serviceAccountName?: string | undefined;
  /** Any fields of a pod's spec: `hostNetwork`, `priorityClassName`, `affinity`, `tolerations`. Set after the operator's own. */
  readonly spec?: Readonly<Record<string, unknown>> | undefined;
  /** Any fields of the container: `securityContext`, `resources`. Set after the operator's own. */
  readonly container?: Readonly<Record<string, unknown>> | undefined;
  /** Beside the operator's own. */
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined;
  /** Beside the one that the backup goes to. */
  readonly volumes?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[] | undefined;
  readonly volumeMounts?:
    readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[] | undefined;
}

/** What CronJobs and Jobs are made from. */
export interface BackupJobSettings {
  readonly image: string;
  /** Default: `IfNotPresent`. */
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never' | undefined;
  /** Default: `['holdfast']`. */
  readonly command?: readonly string[] | undefined;
  /** After the arguments of `holdfast backup`. */
  readonly backupArgs?: readonly string[] | undefined;
  /** After the arguments of `holdfast request-backup`. */
  readonly requestArgs?: readonly string[] | undefined;
  /** How long a backup's Job may work in all, seconds. Default: 3600. */
  readonly activeDeadlineSeconds?: number | undefined;
  /** How long a backup whose turn it is waits for its volume, a node and the start of its pod, seconds. Default: 600. */
  readonly startDeadlineSeconds?: number | undefined;
  /** How long a scheduled run may take, waiting for other backups included, seconds. Default: 45,000 (12.5 hours). */
  readonly runDeadlineSeconds?: number | undefined;
  /** The host's folder for backups whose resource names no claim. Default: `/var/lib/holdfast/backups`. */
  readonly hostFolder?: string | undefined;
  /** Whether pods must run on control-plane nodes. Default: true. */
  readonly onControlPlane?: boolean | undefined;
  readonly backupPod?: PodSettings | undefined;
  /** Of the CronJobs' pods, which need to reach the API server and nothing else. */
  readonly requestPod?: PodSettings | undefined;
  /** The zone of schedules that name none, to tell the next run. Default: that of this process. */
  readonly defaultTimeZone?: string | undefined;
  /** How to live with OpenShift; undefined: nobody looks whether this is one. */
  readonly openshift?: OpenShiftSettings | undefined;
  /** How long after its time a scheduled run counts as missed, seconds. Default: 300. */
  readonly scheduleGraceSeconds?: number | undefined;
}

export const DEFAULT_HOST_FOLDER = '/var/lib/holdfast/backups';
const DEFAULT_DEADLINE_SECONDS = 3_600;
const DEFAULT_START_DEADLINE_SECONDS = 600;
const DEFAULT_RUN_DEADLINE_SECONDS = 45_000;
const DEFAULT_GRACE_SECONDS = 300;

/** {@link BackupJobSettings} with the defaults in place. */
export interface ResolvedSettings {
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly command: readonly string[];
  readonly backupArgs: readonly string[];
  readonly requestArgs: readonly string[];
  readonly activeDeadlineSeconds: number;
  readonly startDeadlineMs: number;
  readonly runDeadlineSeconds: number;
  readonly hostFolder: string;
  readonly onControlPlane: boolean;
  readonly backupPod: PodSettings;
  readonly requestPod: PodSettings;
  readonly defaultTimeZone: string | undefined;
  readonly scheduleGraceMs: number;
  /** How many backups before updates stay. */
  readonly keptBeforeUpdates: number;
  /** How long backups wait for a rollout, milliseconds; 0 where there are no rollouts to wait for. */
  readonly rolloutWaitMs: number;
}

/** Throws TypeError for a number that is not above 0, or a folder that is no absolute path. */
export function resolveSettings(settings: BackupJobSettings): ResolvedSettings {
  const { activeDeadlineSeconds = DEFAULT_DEADLINE_SECONDS, runDeadlineSeconds = DEFAULT_RUN_DEADLINE_SECONDS } =
    settings;
  const { startDeadlineSeconds = DEFAULT_START_DEADLINE_SECONDS } = settings;
  const { scheduleGraceSeconds = DEFAULT_GRACE_SECONDS, hostFolder = DEFAULT_HOST_FOLDER } = settings;
  const keptBeforeUpdates = settings.openshift?.beforeUpdate?.keep ?? DEFAULT_KEPT_BEFORE_UPDATES;
  const counts = {
    activeDeadlineSeconds,
    startDeadlineSeconds,
    runDeadlineSeconds,
    scheduleGraceSeconds,
    keptBeforeUpdates,
  };
  for (const [name, value] of Object.entries(counts))
    if (!Number.isInteger(value) || value <= 0)
      throw new TypeError(`${name}: expected a whole number above 0, got ${value}`);
  if (!hostFolder.startsWith('/')) throw new TypeError(`hostFolder: expected an absolute path, got ${hostFolder}`);
  return {
    image: settings.image,
    imagePullPolicy: settings.imagePullPolicy ?? 'IfNotPresent',
    command: settings.command ?? ['holdfast'],
    backupArgs: settings.backupArgs ?? [],
    requestArgs: settings.requestArgs ?? [],
    activeDeadlineSeconds,
    startDeadlineMs: startDeadlineSeconds * 1000,
    runDeadlineSeconds,
    hostFolder,
    onControlPlane: settings.onControlPlane ?? true,
    backupPod: settings.backupPod ?? {},
    requestPod: settings.requestPod ?? {},
    defaultTimeZone: settings.defaultTimeZone,
    scheduleGraceMs: scheduleGraceSeconds * 1000,
    keptBeforeUpdates,
    rolloutWaitMs: settings.openshift === undefined ? 0 : (settings.openshift.rolloutWaitMs ?? DEFAULT_ROLLOUT_WAIT_MS),
  };
}
