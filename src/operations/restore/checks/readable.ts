import { HoldfastError, openForReading, type Finding } from '../../../base/index.ts';
import type { EtcdMemberSettings } from '../../../host/index.ts';
import { planRestore } from '../../../snapshot/index.ts';
import { finding } from '../errors.ts';

interface ReadableFacts {
  readonly member: EtcdMemberSettings;
  /** Of the etcd that will start. */
  readonly etcdVersion: string | undefined;
  readonly bump: bigint;
}

/** Whether a data directory for this member and its etcd can be made from a snapshot: asks whoever will make it. */
export function checkReadable(path: string, { member, etcdVersion, bump }: ReadableFacts): readonly Finding[] {
  const file = openForReading(path);
  try {
    planRestore(file, {
      name: member.name,
      initialCluster: member.peerUrls.map((url) => `${member.name ?? ''}=${url}`).join(','),
      initialAdvertisePeerUrls: member.peerUrls.join(','),
      etcdVersion,
      bumpRevision: bump,
    });
    return [];
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return [finding('error', 'RECOVERY_ETCD_UNREADABLE', path, error.message, error.hint)];
  } finally {
    file.close();
  }
}
