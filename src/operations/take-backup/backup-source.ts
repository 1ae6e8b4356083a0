import type { Clock, Finding, Log, Secret } from '../../base/index.ts';
import { parseEndpoints, type EtcdConfig, type EtcdEndpoint, type EtcdTls } from '../../etcd/index.ts';
import { describeHost, detectLayout, type ControlPlaneHost, type HostLayout } from '../../host/index.ts';
import { OperationError } from '../errors.ts';

/** How to reach etcd, as far as the user says it; what is undefined is found on the host. */
export interface EtcdOverrides {
  /** Comma-separated, as etcdctl's `--endpoints`. */
  readonly endpoints: string | undefined;
  /** Paths of PEM files on this machine. */
  readonly cacert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly login: { readonly user: string; readonly password: Secret } | undefined;
}

export interface SourceRequest {
  readonly etcd: EtcdOverrides;
  readonly layout: HostLayout | 'auto';
  readonly hostRoot: string;
  readonly snapshotOnly: boolean;
  /** The data directory of a stopped member, for when no etcd can be asked. */
  readonly fromDataDir: string | undefined;
}

/** What is to be backed up: an etcd cluster, and the host whose static pods belong to it, where there is one. */
export interface BackupSource {
  /** Undefined where no control plane was found on this host: a bare etcd. */
  readonly host: ControlPlaneHost | undefined;
  /** Whether static pod resources are to be saved. */
  readonly withResources: boolean;
  /** Empty where the snapshot comes from a data directory. */
  readonly endpoints: readonly EtcdEndpoint[];
  readonly config: EtcdConfig;
  /** The member on this host, which is preferred as the reference does. */
  readonly local: EtcdEndpoint | undefined;
  readonly findings: readonly Finding[];
}

const NOBODY = { endpoints: [], local: undefined };

/** Where etcd listens for clients when nobody says otherwise; etcdctl's default too. */
const DEFAULT_ENDPOINT = '127.0.0.1:2379';

/**
 * Finds etcd and the control-plane host: flags first, then what the host's own files say, then etcdctl's default.
 *
 * @throws HostError where the host's files cannot be understood, EtcdError for endpoints that cannot be used,
 * OperationError `OPERATION_REFUSED` where the host does not say where its etcd is
 */
export async function findSource(
  request: SourceRequest,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal },
): Promise<BackupSource> {
  const host = await findHost(request, signal);
  const findings: Finding[] = [...(host?.findings ?? [])];
  if (host === undefined && !request.snapshotOnly) findings.push(noLayout(request.hostRoot));
  if (host !== undefined) log.debug('found a control-plane host', { layout: host.layout, node: host.nodeName });
  const tls = chooseTls(request.etcd, host);
  const { endpoints, local } = request.fromDataDir === undefined ? chooseEndpoints(request.etcd, host, tls) : NOBODY;
  const { login } = request.etcd;
  const user = login === undefined ? {} : { user: { name: login.user, password: login.password } };
  return {
    host,
    withResources: host !== undefined && !request.snapshotOnly,
    endpoints,
    config: { clock, ...(tls === undefined ? {} : { tls }), ...user },
    local,
    findings,
  };
}

async function findHost(request: SourceRequest, signal: AbortSignal): Promise<ControlPlaneHost | undefined> {
  const { layout, hostRoot, snapshotOnly } = request;
  if (layout === 'auto' && (await detectLayout(hostRoot)) === undefined) return undefined;
  return describeHost({ layout, hostRoot, etcdOnly: snapshotOnly, signal });
}

/** Files that are named win one by one; those that are not come from the host, unless the user points elsewhere altogether. */
function chooseTls(given: EtcdOverrides, host: ControlPlaneHost | undefined): EtcdTls | undefined {
  const found = host?.etcd;
  const pointsElsewhere = given.endpoints !== undefined && (given.cacert ?? given.cert ?? given.key) !== undefined;
  const fallback = pointsElsewhere ? undefined : found;
  const cacert = given.cacert ?? fallback?.cacert?.diskPath;
  const cert = given.cert ?? (given.key === undefined ? fallback?.cert?.diskPath : undefined);
  const key = given.key ?? (given.cert === undefined ? fallback?.key?.diskPath : undefined);
  return cacert === undefined && cert === undefined && key === undefined ? undefined : { cacert, cert, key };
}

function chooseEndpoints(
  given: EtcdOverrides,
  host: ControlPlaneHost | undefined,
  tls: EtcdTls | undefined,
): { readonly endpoints: readonly EtcdEndpoint[]; readonly local: EtcdEndpoint | undefined } {
  const withTls = { tls: tls !== undefined };
  if (given.endpoints !== undefined) return { endpoints: parseEndpoints(given.endpoints, withTls), local: undefined };
  if (host === undefined) return { endpoints: parseEndpoints(DEFAULT_ENDPOINT, withTls), local: undefined };
  if (host.etcd === undefined) throw etcdUnknown(host);
  const endpoints = parseEndpoints(host.etcd.endpoints, withTls);
  return { endpoints, local: host.etcd.place === 'local' ? endpoints[0] : undefined };
}

function etcdUnknown(host: ControlPlaneHost): OperationError {
  return new OperationError('OPERATION_REFUSED', `this ${host.layout} host does not say where its etcd is`, {
    subject: host.hostRoot,
    hint: 'Name it with --endpoints, --cacert, --cert and --key.',
    findings: host.findings,
  });
}

function noLayout(hostRoot: string): Finding {
  return {
    severity: 'warning',
    code: 'BACKUP_NO_LAYOUT',
    where: hostRoot,
    message: `${hostRoot} holds no OpenShift, kubeadm, k3s or RKE2 control plane: only the snapshot is saved`,
    hint: 'On a control-plane host, run as root, or give --host-root; for a bare etcd --snapshot-only says that this is meant.',
  };
}
