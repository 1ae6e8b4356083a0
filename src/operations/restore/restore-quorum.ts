import type { RestoreSurroundings } from './contracts.ts';
import { prepareQuorumRestore } from './prepare-quorum.ts';
import type { RestoreOnHostRequest, RestoreReport } from './requests.ts';
import { carryOut } from './restore-host.ts';

/**
 * Makes the member of this host the only one of a new cluster, where the others are lost and its own data is good: the
 * membership is replaced and the revision raised in a copy of its database, and the old data directory stays aside.
 *
 * etcd's own `--force-new-cluster` does the first half and raises no revision, so clients that had seen the lost members ahead
 * of this one would meet revisions again with other content.
 *
 * @throws as {@link restoreHost}
 */
export function restoreQuorum(
  request: RestoreOnHostRequest,
  surroundings: RestoreSurroundings,
): Promise<RestoreReport> {
  return carryOut(
    request,
    ({ plan }) => plan.verb === 'quorum',
    (journals) => prepareQuorumRestore(request, journals, surroundings),
    surroundings,
  );
}
