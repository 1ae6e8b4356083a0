import type { Job } from '../apiserver/index.ts';
import { createController, type Controller } from '../controller/index.ts';
import { etcdBackups, type EtcdBackup } from '../crd/index.ts';
import {
  followOwner,
  keepOutcome,
  leave,
  removeJobsOf,
  skipBehindPredecessor,
  waitForTurn,
  type EtcdBackupParts,
} from './etcd-backup-steps.ts';
import { hindered } from './etcd-backup-status.ts';
import type { EtcdBackupWork } from './etcd-backup-work.ts';
import { followJob } from './follow-job.ts';
import { giveUpAfterUpdate, waitForRollout } from './openshift/rollouts.ts';
import { leaveEtcdBackupToCluster, markProcessed, waitForRotation } from './openshift/stand-aside.ts';
import { Patience } from './patience.ts';
import { createReconcile, type Step, type Surroundings } from './reconcile.ts';
import { checkClaim, start } from './start-job.ts';
import { ClusterReader } from './storage/cluster-reader.ts';
import { affectedBy, isUnfinished, owningJob } from './turn.ts';

/** Takes care of EtcdBackups: one Job each, one at a time, and what became of it. */
export function createEtcdBackupController(parts: EtcdBackupParts, surroundings: Surroundings): Controller {
  const { client, time, log } = surroundings;
  const work: EtcdBackupWork = { ...parts, reader: new ClusterReader(client, log), patience: new Patience(time) };
  const steps: readonly Step<EtcdBackup>[] = [
    (pass) => leaveEtcdBackupToCluster(pass, parts.rules),
    (pass) => leave(pass, parts),
    (pass) => followOwner(pass, parts),
    (pass) => markProcessed(pass, parts),
    keepOutcome,
    (pass) => followJob(pass, work),
    (pass) => checkClaim(pass, work),
    (pass) => skipBehindPredecessor(pass, parts),
    (pass) => waitForRotation(pass, parts.rules),
    giveUpAfterUpdate,
    (pass) => waitForTurn(pass, parts),
    (pass) => waitForRollout(pass, parts),
    (pass) => start(pass, work),
  ];
  const controller = createController(
    {
      name: 'etcdbackups',
      informers: [parts.etcdBackups, parts.jobs],
      // One worker: whose turn it is, is decided by one.
      workers: 1,
      reconcile: createReconcile(
        {
          resource: etcdBackups,
          informer: parts.etcdBackups,
          steps,
          hindered,
          gone: async (name, signal) => {
            if (parts.rules.standsAside() === undefined) await removeJobsOf(name, undefined, parts, signal);
          },
        },
        surroundings,
      ),
    },
    surroundings,
  );
  listen(controller, parts);
  return controller;
}

function listen(controller: Controller, parts: EtcdBackupParts): void {
  parts.etcdBackups.onChange((object, previous, isDeleted) => {
    controller.enqueue(object.metadata.name);
    // Who comes or goes may change whose turn it is, and whom the next one waits for.
    const isInLine = isUnfinished(object) && !isDeleted;
    if (isInLine === (previous !== undefined && isUnfinished(previous))) return;
    for (const { metadata } of affectedBy(object, parts.etcdBackups.list())) controller.enqueue(metadata.name);
  });
  parts.jobs.onChange((job, _previous, isDeleted) => {
    for (const { kind, name } of job.metadata.ownerReferences ?? [])
      if (kind === etcdBackups.kind) controller.enqueue(name);
    if (isDeleted) for (const name of runsOf(job, parts.etcdBackups.list())) controller.enqueue(name);
  });
}

/** The EtcdBackups that a scheduled run's Job owns. */
function runsOf({ metadata: { uid } }: Job, all: readonly EtcdBackup[]): readonly string[] {
  return all.filter((each) => owningJob(each)?.uid === uid).map(({ metadata }) => metadata.name);
}
