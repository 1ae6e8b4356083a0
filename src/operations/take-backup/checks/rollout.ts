import type { Finding } from '../../../base/index.ts';
import { clusterOperatorsProgressing, type ApiClient } from '../../../apiserver/index.ts';
import { messageOf } from '../../../base/index.ts';

/** The operators whose revisions a backup holds. */
const OPERATORS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'] as const;

/**
 * OpenShift: refuses while an operator rolls out a new revision, since the static pods and the snapshot would then not
 * belong together; and where the API server cannot be asked, as nobody knows.
 */
export async function checkRollout(
  client: ApiClient,
  options: { readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  try {
    const operators = await clusterOperatorsProgressing(client, OPERATORS, options);
    return operators.filter(({ progressing }) => progressing).map(({ name, message }) => rollingOut(name, message));
  } catch (error) {
    options.signal.throwIfAborted();
    return [rolloutUnknown(messageOf(error))];
  }
}

function rollingOut(name: string, message: string | undefined): Finding {
  return {
    severity: 'error',
    code: 'BACKUP_ROLLOUT_IN_PROGRESS',
    where: `clusteroperators.config.openshift.io/${name}`,
    message: `the operator ${name} is rolling out a new revision${message === undefined || message === '' ? '' : ` (${message})`}`,
    hint: `Wait until it is done: oc wait clusteroperator/${name} --for=condition=Progressing=False --timeout=30m`,
  };
}

export function rolloutUnknown(why: string): Finding {
  return {
    severity: 'error',
    code: 'BACKUP_ROLLOUT_UNKNOWN',
    where: 'clusteroperators.config.openshift.io',
    message: `whether an operator is rolling out a new revision could not be learned: ${why}`,
    hint: 'Bring the API server back, or go on without knowing by --force.',
  };
}
