import { clusterProxy, createApiClient, loadKubeconfig, type ApiClient } from '../../apiserver/index.ts';
import { messageOf, type Finding } from '../../base/index.ts';
import {
  inspectCertificates,
  resolveHostPath,
  type CertificateReport,
  type ControlPlaneHost,
} from '../../host/index.ts';
import type { BackupSource } from './backup-source.ts';
import { checkProxy, type ProxySettings } from './checks/proxy.ts';
import { checkRollout, rolloutUnknown } from './checks/rollout.ts';
import { OperationError } from '../errors.ts';
import type { SnapshotOrigin } from './snapshot-origin.ts';
import type { Surroundings } from '../surroundings.ts';

/** What `--force` goes on in spite of: the state of the cluster. A full disk or another run yields to nothing. */
const FORCEABLE: ReadonlySet<string> = new Set([
  'BACKUP_ROLLOUT_IN_PROGRESS',
  'BACKUP_ROLLOUT_UNKNOWN',
  'BACKUP_CORRUPT_ALARM',
  'HOST_CERTIFICATE_EXPIRED',
  'HOST_CERTIFICATE_EXPIRES_SOON',
  'HOST_CERTIFICATE_UNREADABLE',
  'HOST_INSTALLER_CERTIFICATES',
]);

export interface Preflight {
  /** Everything found, errors too. */
  readonly findings: readonly Finding[];
  readonly certificates: CertificateReport | undefined;
}

/** Asks everything that has to be known before a backup starts, at once; decides nothing. */
export async function runPreflight(
  source: BackupSource,
  origin: Pick<SnapshotOrigin, 'findings'>,
  proxyVariables: ProxySettings,
  surroundings: Surroundings,
): Promise<Preflight> {
  const [certificates, cluster] = await Promise.all([
    source.host !== undefined && source.withResources
      ? inspectCertificates(source.host, { now: surroundings.clock.now(), signal: surroundings.signal })
      : undefined,
    // Without a running etcd there is no API server to ask, and no operator that could roll out anything.
    source.host?.layout === 'openshift' && source.endpoints.length > 0
      ? askOpenShift(source.host, source.withResources, proxyVariables, surroundings)
      : [],
  ]);
  return {
    findings: [...source.findings, ...origin.findings, ...(certificates?.findings ?? []), ...cluster],
    certificates,
  };
}

/**
 * Stops a run that must not start, with everything that was found.
 *
 * @returns why the backup's files are to be marked `__POSSIBLY_DIRTY__`: the messages that `--force` overrode
 * @throws OperationError `OPERATION_REFUSED`
 */
export function decideOnFindings(findings: readonly Finding[], force: boolean): readonly string[] {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (isRefused(findings, force))
    throw refused(
      errors,
      errors.every(({ code }) => FORCEABLE.has(code)),
    );
  return errors.map(({ message }) => message);
}

/** Whether {@link decideOnFindings} would stop the run. */
export function isRefused(findings: readonly Finding[], force: boolean): boolean {
  return findings.some(({ severity, code }) => severity === 'error' && !(force && FORCEABLE.has(code)));
}

function refused(errors: readonly Finding[], forceable: boolean): OperationError {
  const count = errors.length === 1 ? 'a check refuses' : `${errors.length} checks refuse`;
  const force = forceable ? ', or go on by --force: the files are then marked __POSSIBLY_DIRTY__' : '';
  return new OperationError('OPERATION_REFUSED', `the backup was not started: ${count}`, {
    hint: `Mend what is named above${force}.`,
    findings: errors,
  });
}

async function askOpenShift(
  host: ControlPlaneHost,
  withResources: boolean,
  proxyVariables: ProxySettings,
  { signal, log }: Surroundings,
): Promise<readonly Finding[]> {
  let client: ApiClient;
  try {
    client = await localApiServer(host);
  } catch (error) {
    signal.throwIfAborted();
    return withResources ? [rolloutUnknown(messageOf(error))] : [];
  }
  const [rollout, proxy] = await Promise.all([
    withResources ? checkRollout(client, { signal }) : [],
    clusterProxy(client, { signal }).then(
      (settings) => checkProxy(settings, proxyVariables),
      (error: unknown) => {
        signal.throwIfAborted();
        log.debug(`the cluster-wide proxy could not be read: ${messageOf(error)}`);
        return [];
      },
    ),
  ]);
  return [...rollout, ...proxy];
}

async function localApiServer(host: ControlPlaneHost): Promise<ApiClient> {
  if (host.kubeconfig === undefined) throw new Error('the host has no kubeconfig for its API server');
  const resolvePath = async (path: string): Promise<string> => (await resolveHostPath(host.hostRoot, path)).diskPath;
  return createApiClient({ kubeconfig: await loadKubeconfig({ path: host.kubeconfig.path, resolvePath }) });
}
