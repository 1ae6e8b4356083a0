import { outcomeOf, type EtcdBackup } from '../crd/index.ts';
import { seriesOf } from './backup-job.ts';
import { figureHead, figureLine, type Labels } from './figure-text.ts';
import type { ResolvedSettings } from './settings.ts';
import { storageLabels } from './storage-labels.ts';

/** A figure of one EtcdBackup; `of` has its labels beside the name and the uid, and undefined where it has none. */
interface BackupFigure {
  readonly help: string;
  readonly of: (
    etcdBackup: EtcdBackup,
    settings: ResolvedSettings,
  ) => { readonly labels?: Labels; readonly value: number | undefined } | undefined;
}

const STATUS_NAMES = {
  BackupCompleted: 'Completed',
  BackupFailed: 'Failed',
  BackupSkipped: 'Skipped',
} as const;

/** Names and labels are those that OpenShift plans for its own operator (openshift/enhancements, automated-backups-ga.md). */
const FIGURES: Readonly<Record<string, BackupFigure>> = {
  etcd_backup_info: {
    help: 'An EtcdBackup: where it goes and who asked for it.',
    of: (etcdBackup, settings) => ({
      labels: {
        node: etcdBackup.status?.nodeName ?? '',
        ...storageLabels(etcdBackup.spec.pvcName, settings),
        created_by_policy: seriesOf(etcdBackup) ?? '',
      },
      value: 1,
    }),
  },
  etcd_backup_status: {
    help: '1 for the status that an EtcdBackup has.',
    of: (etcdBackup) => ({ labels: { status: statusOf(etcdBackup) }, value: 1 }),
  },
  etcd_backup_start_time: {
    help: 'When the Job of an EtcdBackup was made, Unix seconds.',
    of: ({ status }) => ({ value: secondsOf(status?.startTime) }),
  },
  etcd_backup_completion_time: {
    help: 'When a backup was complete and verified, Unix seconds.',
    of: (etcdBackup) => ifCompleted(etcdBackup, secondsOf(etcdBackup.status?.completionTime)),
  },
  etcd_backup_size_bytes: {
    help: "The size of a backup's snapshot.",
    of: (etcdBackup) => ifCompleted(etcdBackup, etcdBackup.status?.backup?.snapshotBytes),
  },
};

/** How many backups one part of the text is about. */
const PART = 500;

/**
 * The figures of single EtcdBackups in Prometheus' text format, part by part: a registry would keep what it was told of each
 * of ten thousand, take seconds to print it, and hold all of the text at a time.
 */
export function* backupFigures(all: readonly EtcdBackup[], settings: ResolvedSettings): Generator<string, void> {
  for (const [name, { help, of }] of Object.entries(FIGURES)) {
    yield figureHead(name, help);
    for (let from = 0; from < all.length; from += PART) {
      const lines = all.slice(from, from + PART).map((etcdBackup) => {
        const { labels, value } = of(etcdBackup, settings) ?? {};
        if (value === undefined || !Number.isFinite(value)) return '';
        const { name: etcd_backup, uid } = etcdBackup.metadata;
        return figureLine(name, { etcd_backup, uid, ...labels }, value);
      });
      yield lines.join('');
    }
    yield '\n';
  }
}

function statusOf(etcdBackup: EtcdBackup): string {
  const outcome = outcomeOf(etcdBackup);
  if (outcome !== 'BackupPending') return STATUS_NAMES[outcome];
  return etcdBackup.status?.backupJob === undefined ? 'Pending' : 'Running';
}

function ifCompleted(etcdBackup: EtcdBackup, value: number | undefined): ReturnType<BackupFigure['of']> {
  return outcomeOf(etcdBackup) === 'BackupCompleted' ? { value } : undefined;
}

function secondsOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time) / 1000;
}
