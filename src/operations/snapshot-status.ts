import { hasErrors, type Finding } from '../base/index.ts';
import type { SnapshotStatus } from '../snapshot/index.ts';
import { OperationError } from './errors.ts';
import { inspectSnapshotFile } from './inspect/inspect-snapshot.ts';
import type { Surroundings } from './surroundings.ts';

export interface StatusReport {
  readonly path: string;
  readonly status: SnapshotStatus;
  /** Warnings and notes. */
  readonly findings: readonly Finding[];
}

/**
 * What `etcdutl snapshot status` says of a snapshot, after walking all of it.
 *
 * @throws OperationError `OPERATION_NOT_GOOD` with every problem where the file is damaged, StoreError where it cannot be read
 */
export async function snapshotStatus(
  path: string,
  surroundings: Pick<Surroundings, 'signal' | 'progress' | 'inspectWorker'>,
): Promise<StatusReport> {
  const { walk, findings } = await inspectSnapshotFile(path, { hash: false }, surroundings);
  if (walk === undefined || hasErrors(findings)) {
    throw new OperationError('OPERATION_NOT_GOOD', `${path} is damaged, or no etcd snapshot`, {
      subject: path,
      hint: 'Use another backup; holdfast list shows what there is, holdfast verify examines all of it.',
      findings: findings.filter(({ severity }) => severity === 'error'),
    });
  }
  return { path, status: walk.status, findings };
}
