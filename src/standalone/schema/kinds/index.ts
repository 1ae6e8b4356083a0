import type { Kind } from '../kind.ts';
import { cronJob } from './cron-job.ts';
import { definition } from './definition.ts';
import { event } from './event.ts';
import { job } from './job.ts';
import { lease } from './lease.ts';
import { namespace } from './namespace.ts';
import { node } from './node.ts';
import { openshiftKinds } from './openshift.ts';
import { persistentVolume } from './persistent-volume.ts';
import { persistentVolumeClaim } from './persistent-volume-claim.ts';
import { pod } from './pod.ts';
import { storageClass } from './storage-class.ts';

const ALL: readonly Kind[] = [
  namespace,
  node,
  pod,
  event,
  persistentVolume,
  persistentVolumeClaim,
  job,
  cronJob,
  storageClass,
  lease,
  definition,
  ...openshiftKinds,
];

/** The kinds that are served from the start, in the order in which discovery names them. */
export const builtInKinds = (): readonly Kind[] => ALL;
