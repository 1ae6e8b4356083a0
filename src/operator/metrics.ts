import { Gauge as RegisteredGauge, Registry } from 'prom-client';
import type { CronJob } from '../apiserver/index.ts';
import type { Time } from '../base/index.ts';
import { BACKUP_NAMESPACE, type Backup, type EtcdBackup } from '../crd/index.ts';
import { outcomeOf } from '../crd/index.ts';
import { seriesOf } from './backup-job.ts';
import type { BackupParts } from './backup-parts.ts';
import { dueOf, scheduledSince } from './due.ts';
import { FigureText } from './figure-text.ts';
import { intervalOf } from './interval.ts';
import type { HouseRules } from './openshift/house-rules.ts';
import type { ResolvedSettings } from './settings.ts';
import { isUnfinished } from './turn.ts';

/**
 * Everything is read from the objects when somebody asks, so that a restart changes no figure. The first five names and their
 * labels are those that OpenShift plans for its own operator (openshift/enhancements, automated-backups-ga.md).
 *
 * @returns what gives the figures in Prometheus' text format
 */
export function createMetrics(view: View, time: Time): () => Promise<string> {
  const registry = new Registry();
  const seriesFigures = gaugesOf(registry, SERIES_FIGURES);
  return async () => {
    const backupFigures = textsOf(BACKUP_FIGURES);
    for (const etcdBackup of view.etcdBackups.list()) tellBackup(etcdBackup, view.settings, backupFigures);
    registry.resetMetrics();
    for (const backup of view.backups.list()) tellSeries(backup, view, time.now(), seriesFigures);
    const texts = Object.values(backupFigures).map((figure) => `${String(figure)}\n`);
    return [...texts, await registry.metrics()].join('');
  };
}

/** The objects that are told of, and what they are read by. */
type View = Pick<BackupParts, 'backups' | 'etcdBackups' | 'cronJobs' | 'bySeries' | 'settings' | 'rules'>;

type Figures = Readonly<Record<string, { readonly help: string; readonly labels: readonly string[] }>>;
type Gauge = Pick<FigureText, 'set'>;
type Gauges<F extends Figures> = { readonly [name in keyof F]: Gauge };

const BACKUP = ['etcd_backup', 'uid'];

const BACKUP_FIGURES = {
  etcd_backup_info: {
    help: 'An EtcdBackup: where it goes and who asked for it.',
    labels: [...BACKUP, 'node', 'storage_type', 'storage_location', 'created_by_policy'],
  },
  etcd_backup_status: { help: '1 for the status that an EtcdBackup has.', labels: [...BACKUP, 'status'] },
  etcd_backup_start_time: { help: 'When the Job of an EtcdBackup was made, Unix seconds.', labels: BACKUP },
  etcd_backup_completion_time: { help: 'When a backup was complete and verified, Unix seconds.', labels: BACKUP },
  etcd_backup_size_bytes: { help: "The size of a backup's snapshot.", labels: BACKUP },
} as const satisfies Figures;

const SERIES = ['backup_policy'];

const SERIES_FIGURES = {
  holdfast_backup_policy_info: {
    help: 'A Backup and its schedule.',
    labels: [...SERIES, 'uid', 'schedule', 'timezone', 'storage_type', 'storage_location'],
  },
  holdfast_backup_schedule_enabled: { help: '1 where a Backup has a CronJob that will run.', labels: SERIES },
  holdfast_backup_schedule_missed: { help: '1 where a run was due and none has started.', labels: SERIES },
  holdfast_backup_schedule_since_time: {
    help: 'Since when runs of the schedule that a Backup has are taken, Unix seconds.',
    labels: SERIES,
  },
  holdfast_backup_schedule_interval_seconds: {
    help: 'The longest time between two runs of the schedule within some days.',
    labels: SERIES,
  },
  holdfast_backup_running: { help: '1 while a run of the series waits or works.', labels: SERIES },
  holdfast_backup_next_run_time: { help: 'When the next run is due, Unix seconds.', labels: SERIES },
  holdfast_backup_last_success_time: {
    help: 'When the newest verified backup of the series was complete, Unix seconds.',
    labels: SERIES,
  },
  holdfast_backup_last_success_seconds: { help: 'How long it took.', labels: SERIES },
  holdfast_backup_last_success_bytes: { help: 'The size of all its files.', labels: SERIES },
  holdfast_backup_last_verified_time: {
    help: 'When every byte of the newest backup of the series had been checked, Unix seconds.',
    labels: SERIES,
  },
  holdfast_backup_volume_free_bytes: {
    help: 'What could still be written to the file system of the newest backup, right after it.',
    labels: SERIES,
  },
  holdfast_backup_volume_bytes: { help: 'The size of that file system.', labels: SERIES },
  holdfast_backup_certificates_expiry_time: {
    help: "When the first of the control plane's certificates runs out that the newest backup has seen, Unix seconds.",
    labels: SERIES,
  },
  holdfast_backup_last_failure_time: {
    help: 'When the newest failed run ended, Unix seconds, and the code of its reason.',
    labels: [...SERIES, 'reason'],
  },
  holdfast_backup_consecutive_failures: { help: 'Runs that have failed since the last success.', labels: SERIES },
  holdfast_backup_kept: { help: 'Good backups of the series that stand.', labels: SERIES },
  holdfast_backup_kept_bytes: { help: 'The size of all their files.', labels: SERIES },
} as const satisfies Figures;

function gaugesOf<F extends Figures>(registry: Registry, figures: F): Gauges<F> {
  const gauges = Object.entries(figures).map(([name, { help, labels }]) => [
    name,
    new RegisteredGauge({ name, help, labelNames: [...labels], registers: [registry] }),
  ]);
  return Object.fromEntries(gauges) as Gauges<F>;
}

function textsOf<F extends Figures>(figures: F): { readonly [name in keyof F]: FigureText } {
  const texts = Object.entries(figures).map(([name, { help }]) => [name, new FigureText(name, help)]);
  return Object.fromEntries(texts) as { readonly [name in keyof F]: FigureText };
}

const STATUS_NAMES = {
  BackupCompleted: 'Completed',
  BackupFailed: 'Failed',
  BackupSkipped: 'Skipped',
} as const;

function statusOf(etcdBackup: EtcdBackup): string {
  const outcome = outcomeOf(etcdBackup);
  if (outcome !== 'BackupPending') return STATUS_NAMES[outcome];
  return etcdBackup.status?.backupJob === undefined ? 'Pending' : 'Running';
}

function tellBackup(etcdBackup: EtcdBackup, settings: ResolvedSettings, gauges: Gauges<typeof BACKUP_FIGURES>): void {
  const { name, uid } = etcdBackup.metadata;
  const { status } = etcdBackup;
  const which = { etcd_backup: name, uid };
  gauges.etcd_backup_info.set(
    {
      ...which,
      node: status?.nodeName ?? '',
      ...storageOf(etcdBackup.spec.pvcName, settings),
      created_by_policy: seriesOf(etcdBackup) ?? '',
    },
    1,
  );
  gauges.etcd_backup_status.set({ ...which, status: statusOf(etcdBackup) }, 1);
  setTime(gauges.etcd_backup_start_time, which, status?.startTime);
  if (outcomeOf(etcdBackup) !== 'BackupCompleted') return;
  setTime(gauges.etcd_backup_completion_time, which, status?.completionTime);
  setNumber(gauges.etcd_backup_size_bytes, which, status?.backup?.snapshotBytes);
}

function tellSeries(backup: Backup, view: View, now: Date, gauges: Gauges<typeof SERIES_FIGURES>): void {
  const { settings, rules } = view;
  const { name } = backup.metadata;
  const { status = {} } = backup;
  const which = { backup_policy: name };
  tellPolicy(backup, settings, gauges);
  // What somebody else takes care of is not ours to judge, and nobody writes down here how it went.
  if (rules.standsAside() !== undefined) return;
  const cronJob = view.cronJobs.get({ namespace: BACKUP_NAMESPACE, name });
  const due = cronJob && dueOf(cronJob, settings, now);
  gauges.holdfast_backup_schedule_enabled.set(which, due?.next === undefined ? 0 : 1);
  gauges.holdfast_backup_schedule_missed.set(which, due?.missed === undefined ? 0 : 1);
  setNumber(gauges.holdfast_backup_schedule_since_time, which, cronJob && sinceOf(cronJob, rules));
  setNumber(gauges.holdfast_backup_schedule_interval_seconds, which, cronJob && intervalOf(cronJob, settings, now));
  const isRunning = view.bySeries.get(name).some(isUnfinished);
  gauges.holdfast_backup_running.set(which, isRunning ? 1 : 0);
  setNumber(gauges.holdfast_backup_next_run_time, which, due?.next && due.next.getTime() / 1000);
  setTime(gauges.holdfast_backup_last_success_time, which, status.lastSuccessfulTime);
  setNumber(gauges.holdfast_backup_last_success_seconds, which, status.lastSuccess?.seconds);
  setNumber(gauges.holdfast_backup_last_success_bytes, which, status.lastSuccess?.bytes);
  setTime(gauges.holdfast_backup_last_verified_time, which, status.lastSuccess?.verifiedAt);
  setNumber(gauges.holdfast_backup_volume_free_bytes, which, status.lastSuccess?.volume?.freeBytes);
  setNumber(gauges.holdfast_backup_volume_bytes, which, status.lastSuccess?.volume?.totalBytes);
  setTime(gauges.holdfast_backup_certificates_expiry_time, which, status.lastSuccess?.certificatesExpireAt);
  if (status.lastFailure !== undefined)
    setTime(
      gauges.holdfast_backup_last_failure_time,
      { ...which, reason: status.lastFailure.reason },
      status.lastFailure.time,
    );
  gauges.holdfast_backup_consecutive_failures.set(which, status.consecutiveFailures ?? 0);
  setNumber(gauges.holdfast_backup_kept, which, status.kept?.backups);
  setNumber(gauges.holdfast_backup_kept_bytes, which, status.kept?.bytes);
}

function tellPolicy(
  { metadata: { name, uid }, spec: { etcd } }: Backup,
  settings: ResolvedSettings,
  { holdfast_backup_policy_info: gauge }: Pick<Gauges<typeof SERIES_FIGURES>, 'holdfast_backup_policy_info'>,
): void {
  const { schedule = '', timeZone: timezone = '', pvcName } = etcd;
  gauge.set({ backup_policy: name, uid, schedule, timezone, ...storageOf(pvcName, settings) }, 1);
}

/** Unix seconds. Runs that a young cluster had skipped were none that could have succeeded. */
function sinceOf(cronJob: CronJob, rules: HouseRules): number {
  const since = Date.parse(scheduledSince(cronJob));
  return Math.max(since, rules.freshUntil()?.getTime() ?? since) / 1000;
}

function storageOf(
  pvcName: string | undefined,
  { hostFolder }: ResolvedSettings,
): { readonly storage_type: string; readonly storage_location: string } {
  return pvcName === undefined || pvcName === ''
    ? { storage_type: 'Local', storage_location: hostFolder }
    : { storage_type: 'PVC', storage_location: pvcName };
}

function setTime(gauge: Gauge, which: Readonly<Record<string, string>>, time: string | undefined): void {
  if (time !== undefined) setNumber(gauge, which, Date.parse(time) / 1000);
}

function setNumber(gauge: Gauge, which: Readonly<Record<string, string>>, value: number | undefined): void {
  if (value !== undefined && Number.isFinite(value)) gauge.set(which, value);
}
