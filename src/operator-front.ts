import type { KubeClient } from './apiserver/index.ts';
import type { FrontProcess, OperatorRequest } from './cli/index.ts';
import type { LeaderElection } from './controller/index.ts';
import type { BackupJobSettings } from './operator/index.ts';
import { createKubeClient, openKubeClient } from './apiserver/index.ts';
import { createLeaderElection } from './controller/index.ts';
import { BACKUP_NAMESPACE } from './crd/index.ts';
import {
  clusterPods,
  createLeadingOperator,
  createOperator,
  HOST_ROOT,
  onlyWhileLeading,
  OperatorError,
  readOwnImage,
  startHealthServer,
} from './operator/index.ts';

/** The Lease lies where the work is: of all operators on a cluster, wherever they were installed, one leads. */
const LEASE_NAME = 'holdfast-operator';

/** The operator on a cluster, until the signal aborts. */
export async function runOperator(
  request: OperatorRequest,
  process: FrontProcess,
  { random }: { readonly random: () => number },
): Promise<void> {
  const { kubeconfig, metrics } = request;
  const { time, log, signal, version, variables } = process;
  const userAgent = `holdfast-operator/${version}`;
  const opened = await openKubeClient({ kubeconfig, variables, time, userAgent });
  try {
    const elector = election(request, opened.client, process, random);
    const transport = onlyWhileLeading(opened.transport, () => elector?.isLeader ?? true);
    const client = createKubeClient({ transport, time, userAgent });
    const settings = await settingsFor(request, client, process);
    const operator = createLeadingOperator(createOperator({ client, time, log, random, settings }), elector);
    const health = metrics && (await startHealthServer(operator, { ...metrics, log }));
    if (health !== undefined) log.info('serving metrics and health', { url: health.url });
    try {
      await operator.run(signal);
    } finally {
      await health?.close();
    }
  } finally {
    opened.close();
  }
}

/** Undefined where there is no other operator. */
function election(
  { name, leaseDurationMs }: OperatorRequest,
  client: KubeClient,
  { time, log }: FrontProcess,
  random: () => number,
): LeaderElection | undefined {
  if (leaseDurationMs === undefined) return undefined;
  const identity = `${name}_${random().toString(16).slice(2, 12).padEnd(10, '0')}`;
  const lease = { namespace: BACKUP_NAMESPACE, name: LEASE_NAME, leaseDurationMs };
  return createLeaderElection({ client, ...lease, identity, time, log });
}

async function settingsFor(
  request: OperatorRequest,
  client: KubeClient,
  process: FrontProcess,
): Promise<BackupJobSettings> {
  return {
    image: request.image ?? (await ownImage(request, client, process)),
    imagePullPolicy: request.imagePullPolicy,
    backupArgs: ['--host-root', HOST_ROOT, ...request.backupArgs],
    hostFolder: request.defaultFolder,
    activeDeadlineSeconds: Math.ceil(request.jobDeadlineMs / 1000),
    startDeadlineSeconds: Math.ceil(request.startDeadlineMs / 1000),
    openshift: request.openshift,
    ...clusterPods(request),
  };
}

function ownImage({ pod }: OperatorRequest, client: KubeClient, process: FrontProcess): Promise<string> {
  if (pod !== undefined) return readOwnImage({ client, pod, ...process });
  throw new OperatorError('OPERATOR_IMAGE_UNKNOWN', 'nothing says which image backups run', {
    hint: 'Name it with --image, or set POD_NAME and POD_NAMESPACE to the pod whose image it is, as the Deployment does.',
  });
}
