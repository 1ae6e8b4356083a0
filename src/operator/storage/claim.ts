import type { PersistentVolumeClaim } from '../../apiserver/index.ts';
import { BACKUP_NAMESPACE } from '../../crd/index.ts';
import type { StorageProblem } from './problem.ts';

const ANEW = `Create the claim in the namespace ${BACKUP_NAMESPACE}, then ask for another backup.`;

/** In the words of cluster-etcd-operator. */
export function claimNotFound(name: string): StorageProblem {
  const message = `unable to find PVC [${name}]`;
  return { passes: 'for good', code: 'OPERATOR_CLAIM_NOT_FOUND', message, hint: ANEW };
}

/** What a claim says by itself against ever writing a backup to it; none of that goes by itself. */
export function whyClaimIsUnfit({ metadata, spec, status }: PersistentVolumeClaim): StorageProblem | undefined {
  const passes = 'for good';
  const { name } = metadata;
  if (status?.phase === 'Lost')
    return {
      ...{ passes, code: 'OPERATOR_CLAIM_LOST', message: `PVC [${name}] has lost its volume` },
      hint: `Remove it. ${ANEW}`,
    };
  if (metadata.deletionTimestamp !== undefined)
    return {
      ...{ passes, code: 'OPERATOR_CLAIM_LEAVING', message: `PVC [${name}] is being deleted` },
      hint: `It goes when no pod uses it any more (kubectl describe pvc -n ${BACKUP_NAMESPACE} ${name}). ${ANEW}`,
    };
  if (spec.volumeMode === 'Block')
    return {
      ...{ passes, code: 'OPERATOR_CLAIM_BLOCK', message: `PVC [${name}] is a block device without a file system` },
      hint: 'Name a claim with volumeMode Filesystem, and ask for another backup.',
    };
  const modes = spec.accessModes ?? [];
  if (modes.length > 0 && modes.every((mode) => mode === 'ReadOnlyMany'))
    return {
      ...{ passes, code: 'OPERATOR_CLAIM_READ_ONLY', message: `PVC [${name}] can only be read (ReadOnlyMany)` },
      hint: 'Name a claim with the access mode ReadWriteOnce or ReadWriteMany, and ask for another backup.',
    };
  return undefined;
}
