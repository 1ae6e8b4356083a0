import { resources } from '../apiserver/index.ts';
import { createController, type Controller } from '../controller/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, type EtcdBackup } from '../crd/index.ts';
import { followOwner, keepOutcome, leave, removeJobsOf, type EtcdBackupParts } from './etcd-backup-steps.ts';
import { hindered } from './etcd-backup-status.ts';
import { skipBehindPredecessor, waitForTurn } from './etcd-backup-turn.ts';
import type { EtcdBackupWork } from './etcd-backup-work.ts';
import { followJob } from './follow-job.ts';
import { isEnded } from './job-state.ts';
import { giveUpAfterUpdate, waitForRollout } from './openshift/rollouts.ts';
import { leaveEtcdBackupToCluster, markProcessed, waitForRotation } from './openshift/stand-aside.ts';
import { Patience } from './patience.ts';
import { createReconcile, type Step, type Surroundings } from './reconcile.ts';
import { checkClaim, start } from './start-job.ts';
import { ClusterReader } from './storage/cluster-reader.ts';
import { byTurn, isUnfinished } from './turn.ts';
import { ownersOf } from './view.ts';

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
      informers: [parts.etcdBackups, parts.jobs, parts.pods],
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

function listen(controller: Controller, { etcdBackups: all, jobs, pods, line, byRun }: EtcdBackupParts): void {
  const enqueue = (each: EtcdBackup | undefined): void => {
    if (each !== undefined) controller.enqueue(each.metadata.name);
  };
  all.onChange((object, previous, isDeleted) => {
    enqueue(object);
    // Who comes or goes may change whose turn it is, and whom the next one waits for.
    const isInLine = isUnfinished(object) && !isDeleted;
    const wasInLine = previous !== undefined && isUnfinished(previous);
    if (isInLine === wasInLine && (!isInLine || !wasInLine || byTurn(previous, object) === 0)) return;
    for (const each of [line.first, line.after(previous ?? object), line.after(object)]) enqueue(each);
  });
  jobs.onChange((job, previous, isDeleted) => {
    for (const name of ownersOf(job, etcdBackups.kind)) controller.enqueue(name);
    if (isDeleted) byRun.get(job.metadata.uid).forEach(enqueue);
    // Whoever made it, it may have been in the way.
    if (previous !== undefined && !isEnded(previous) && (isDeleted || isEnded(job))) enqueue(line.first);
  });
  pods.onChange((pod) => {
    // It may be in the way no longer, or no longer for ever.
    enqueue(line.first);
    for (const job of ownersOf(pod, resources.jobs.kind)) {
      const owner = jobs.get({ namespace: BACKUP_NAMESPACE, name: job });
      for (const name of owner === undefined ? [] : ownersOf(owner, etcdBackups.kind)) controller.enqueue(name);
    }
  });
}
