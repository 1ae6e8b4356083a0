import type { EtcdBackupParts } from './etcd-backup-steps.ts';
import type { Patience } from './patience.ts';
import type { ClusterReader } from './storage/cluster-reader.ts';

/** What the steps share that look after a backup's place and Job. */
export interface EtcdBackupWork extends EtcdBackupParts {
  readonly reader: ClusterReader;
  /** By the names of claims, and by the uids of Jobs. */
  readonly patience: Patience;
}
