import { Gauge as RegisteredGauge, Registry } from 'prom-client';
import type { CronJob } from '../apiserver/index.ts';
import type { Time } from '../base/index.ts';
import { BACKUP_NAMESPACE, type Backup } from '../crd/index.ts';
import { backupFigures } from './backup-figures.ts';
import type { BackupParts } from './backup-parts.ts';
import { dueOf, scheduledSince } from './due.ts';
import { intervalOf } from './interval.ts';
import type { HouseRules } from './openshift/house-rules.ts';
import type { ResolvedSettings } from './settings.ts';
import { storageLabels } from './storage-labels.ts';
import { isUnfinished } from './turn.ts';

/**
 * Everything is read from the objects when somebody asks, so that a restart changes no figure.
 *
 * @returns what gives the figures in Prometheus' text format, part by part
 */
export function createMetrics(view: View, time: Time): () => AsyncGenerator<string, void> {
  const registry = new Registry();
  const seriesFigures = gaugesOf(registry, SERIES_FIGURES);
  return async function* () {
    yield* backupFigures(view.etcdBackups.list(), view.settings);
    registry.resetMetrics();
    for (const backup of view.backups.list()) tellSeries(backup, view, time.now(), seriesFigures);
    yield await registry.metrics();
  };
}

/** The objects that are told of, and what they are read by. */
type View = Pick<BackupParts, 'backups' | 'etcdBackups' | 'cronJobs' | 'bySeries' | 'settings' | 'rules'>;

type Figures = Readonly<Record<string, { readonly help: string; readonly labels: readonly string[] }>>;
type Gauge = Pick<RegisteredGauge, 'set'>;
type Gauges<F extends Figures> = { readonly [name in keyof F]: Gauge };

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
  gauge.set({ backup_policy: name, uid, schedule, timezone, ...storageLabels(pvcName, settings) }, 1);
}

/** Unix seconds. Runs that a young cluster had skipped were none that could have succeeded. */
function sinceOf(cronJob: CronJob, rules: HouseRules): number {
  const since = Date.parse(scheduledSince(cronJob));
  return Math.max(since, rules.freshUntil()?.getTime() ?? since) / 1000;
}

function setTime(gauge: Gauge, which: Readonly<Record<string, string>>, time: string | undefined): void {
  if (time !== undefined) setNumber(gauge, which, Date.parse(time) / 1000);
}

function setNumber(gauge: Gauge, which: Readonly<Record<string, string>>, value: number | undefined): void {
  if (value !== undefined && Number.isFinite(value)) gauge.set(which, value);
}
