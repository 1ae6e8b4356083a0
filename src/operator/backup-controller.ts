import type { KubeObject } from '../apiserver/index.ts';
import { createController, type Controller } from '../controller/index.ts';
import { backups, SERIES_LABEL, type Backup } from '../crd/index.ts';
import type { BackupParts } from './backup-parts.ts';
import { followSeries } from './backup-runs.ts';
import { keepCronJob, leave, removeCronJobsOf, watchSchedule } from './backup-schedule.ts';
import { leaveBackupToCluster } from './openshift/stand-aside.ts';
import { createReconcile, type Step, type Surroundings } from './reconcile.ts';

/** Takes care of Backups: a CronJob each, and what became of its runs. */
export function createBackupController(parts: BackupParts, surroundings: Surroundings): Controller {
  const steps: readonly Step<Backup>[] = [
    (pass) => leaveBackupToCluster(pass, parts.rules),
    (pass) => leave(pass, parts),
    (pass) => followSeries(pass, parts),
    (pass) => keepCronJob(pass, parts),
    (pass) => watchSchedule(pass, parts),
  ];
  const controller = createController(
    {
      name: 'backups',
      informers: [parts.backups, parts.etcdBackups, parts.cronJobs, parts.jobs],
      workers: 1,
      reconcile: createReconcile(
        {
          resource: backups,
          informer: parts.backups,
          steps,
          gone: async (name, signal) => {
            if (parts.rules.standsAside() === undefined) await removeCronJobsOf(name, undefined, parts, signal);
          },
        },
        surroundings,
      ),
    },
    surroundings,
  );
  parts.backups.onChange(({ metadata }) => controller.enqueue(metadata.name));
  parts.cronJobs.onChange((cronJob) => {
    // By its name as well, since an edit may have taken the owner away.
    controller.enqueue(cronJob.metadata.name);
    for (const name of ownersOf(cronJob)) controller.enqueue(name);
  });
  const enqueueSeries = ({ metadata }: KubeObject): void => {
    const series = metadata.labels?.[SERIES_LABEL];
    if (series !== undefined) controller.enqueue(series);
  };
  parts.etcdBackups.onChange(enqueueSeries);
  parts.jobs.onChange(enqueueSeries);
  return controller;
}

function ownersOf({ metadata }: KubeObject): readonly string[] {
  return (metadata.ownerReferences ?? []).filter(({ kind }) => kind === backups.kind).map(({ name }) => name);
}
