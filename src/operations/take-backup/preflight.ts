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
import { checkRollout, ROLLOUT_CODES, rolloutUnknown, type RolloutCheck } from './checks/rollout.ts';
import { OperationError } from '../errors.ts';
import type { SnapshotOrigin } from './snapshot-origin.ts';
import type { Surroundings } from '../surroundings.ts';

/** What `--force` goes on in spite of: the state of the cluster. A full disk or another run yields to nothing. */
const FORCEABLE: ReadonlySet<string> = new Set([
  ...ROLLOUT_CODES,
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
  /** OpenShift, where static pods are saved: what has become of its operators. */
  readonly rollout: RolloutCheck | undefined;
}

/** What a run may go on in spite of. */
export interface Overrides {
  /** The cluster's state, whatever it is. */
  readonly force: boolean;
  /** A rollout on OpenShift, and that alone. */
  readonly despiteRollout?: boolean | undefined;
}

/** Asks everything that has to be known before a backup starts, at once; decides nothing. */
export async function runPreflight(
  source: BackupSource,
  origin: Pick<SnapshotOrigin, 'findings'>,
  proxyVariables: ProxySettings | undefined,
  surroundings: Surroundings,
): Promise<Preflight> {
  const [certificates, openshift] = await Promise.all([
    source.host !== undefined && source.withResources
      ? inspectCertificates(source.host, { now: surroundings.clock.now(), signal: surroundings.signal })
      : undefined,
    // Without a running etcd there is no API server to ask, and no operator that could roll out anything.
    source.host?.layout === 'openshift' && source.endpoints.length > 0
      ? askOpenShift(source.host, source.withResources, proxyVariables, surroundings)
      : undefined,
  ]);
  return {
    findings: [
      ...[...source.findings, ...origin.findings, ...(certificates?.findings ?? [])],
      ...[...(openshift?.rollout?.findings ?? []), ...(openshift?.findings ?? [])],
    ],
    certificates,
    rollout: openshift?.rollout,
  };
}

/**
 * Stops a run that must not start, with everything that was found.
 *
 * @returns why the backup's files are to be marked `__POSSIBLY_DIRTY__`: the messages that `--force` overrode
 * @throws OperationError `OPERATION_REFUSED`
 */
export function decideOnFindings(findings: readonly Finding[], overrides: Overrides): readonly string[] {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (isRefused(findings, overrides))
    throw refused(
      errors,
      errors.every(({ code }) => FORCEABLE.has(code)),
    );
  return errors.map(({ message }) => message);
}

/** Whether {@link decideOnFindings} would stop the run. */
export function isRefused(findings: readonly Finding[], { force, despiteRollout = false }: Overrides): boolean {
  const yields = (code: string): boolean =>
    (force && FORCEABLE.has(code)) || (despiteRollout && ROLLOUT_CODES.has(code));
  return findings.some(({ severity, code }) => severity === 'error' && !yields(code));
}

function refused(errors: readonly Finding[], forceable: boolean): OperationError {
  const count = errors.length === 1 ? 'a check refuses' : `${errors.length} checks refuse`;
  const force = forceable ? ', or go on by --force: the files are then marked __POSSIBLY_DIRTY__' : '';
  return new OperationError('OPERATION_REFUSED', `the backup was not started: ${count}`, {
    hint: `Mend what is named above${force}.`,
    findings: errors,
  });
}

interface OpenShiftAnswers {
  readonly rollout: RolloutCheck | undefined;
  readonly findings: readonly Finding[];
}

async function askOpenShift(
  host: ControlPlaneHost,
  withResources: boolean,
  proxyVariables: ProxySettings | undefined,
  { signal, log }: Surroundings,
): Promise<OpenShiftAnswers> {
  let client: ApiClient;
  try {
    client = await localApiServer(host);
  } catch (error) {
    signal.throwIfAborted();
    return { rollout: withResources ? rolloutUnknown(error) : undefined, findings: [] };
  }
  const [rollout, findings] = await Promise.all([
    withResources ? checkRollout(client, { signal }) : undefined,
    proxyVariables === undefined
      ? []
      : clusterProxy(client, { signal }).then(
          (settings) => checkProxy(settings, proxyVariables),
          (error: unknown) => {
            signal.throwIfAborted();
            log.debug(`the cluster-wide proxy could not be read: ${messageOf(error)}`);
            return [];
          },
        ),
  ]);
  return { rollout, findings };
}

async function localApiServer(host: ControlPlaneHost): Promise<ApiClient> {
  if (host.kubeconfig === undefined) throw new Error('the host has no kubeconfig for its API server');
  const resolvePath = async (path: string): Promise<string> => (await resolveHostPath(host.hostRoot, path)).diskPath;
  return createApiClient({ kubeconfig: await loadKubeconfig({ path: host.kubeconfig.path, resolvePath }) });
}
