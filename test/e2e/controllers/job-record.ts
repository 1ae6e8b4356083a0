import { resources, type Job, type KubeClient } from '../../../src/apiserver/index.ts';
import { silentLog, systemTime } from '../../../src/base/index.ts';
import { createInformer, type Informer } from '../../../src/controller/index.ts';
import { APP_LABEL, BACKUP_NAMESPACE, JOB_APP, type EtcdBackup } from '../../../src/crd/index.ts';

/** Every Job of backups that there ever was, also after it is gone. */
export class JobRecord {
  readonly #informer: Informer<Job>;
  readonly #seen = new Map<string, Job>();
  /** How many Jobs that take backups were unfinished at one time, at most. */
  mostAtOnce = 0;

  constructor(client: KubeClient) {
    this.#informer = createInformer(client, resources.jobs, {
      namespace: BACKUP_NAMESPACE,
      time: systemTime,
      log: silentLog,
    });
    this.#informer.onChange((job) => {
      this.#seen.set(job.metadata.uid, job);
      const standing = this.#informer.list().filter((each) => takesBackups(each) && !isEnded(each));
      this.mostAtOnce = Math.max(this.mostAtOnce, standing.length);
    });
  }

  /** @returns ends it */
  start(): () => Promise<void> {
    const ending = new AbortController();
    const running = this.#informer.run(ending.signal);
    return async () => {
      ending.abort();
      await running;
    };
  }

  /** As it was last. */
  byUid(uid: string): Job | undefined {
    return this.#seen.get(uid);
  }

  /** Those that were made for an EtcdBackup. */
  of({ metadata: { uid } }: EtcdBackup): readonly Job[] {
    return [...this.#seen.values()].filter(({ metadata }) =>
      metadata.ownerReferences?.some((owner) => owner.uid === uid),
    );
  }
}

function takesBackups({ metadata }: Job): boolean {
  return metadata.labels?.[APP_LABEL] === JOB_APP;
}

/** Whether a Job has ended, well or badly. */
export function isEnded({ status }: Job): boolean {
  return (
    status?.conditions?.some(({ type, status: holds }) => ['Complete', 'Failed'].includes(type) && holds === 'True') ===
    true
  );
}
