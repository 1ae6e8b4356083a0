import type { Manifest } from '../../../backup/index.ts';
import type { Finding } from '../../../base/index.ts';
import { connectMember, parseEndpoints, EtcdError, type EtcdConfig } from '../../../etcd/index.ts';
import type { HostLayout } from '../../../host/index.ts';
import { finding } from '../errors.ts';
import { manifestPath, type KnownHost } from '../learn-host.ts';

const ONE_CALL_MS = 3_000;

/** The names of the members that this host's cluster has, or had, beside this one. */
export function otherMembers(manifest: Manifest | undefined, { old, member }: KnownHost): readonly string[] {
  const known = old.members.length > 0 ? old.members : (manifest?.cluster.members ?? []);
  return known.map(({ name }) => name).filter((name) => name !== '' && name !== member.name);
}

/**
 * Asks every other member that is known from anywhere whether it still runs. The restored member begins a new cluster: one that
 * runs on with the old data would be a second truth, and on OpenShift the restored etcd would find it and not start.
 */
export async function checkOtherMembers(
  manifest: Manifest | undefined,
  known: KnownHost,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { host, member, old, etcdConfig } = known;
  const [ownEndpoint, ...otherEndpoints] = host.etcd?.endpoints ?? [];
  const own = new Set([...member.advertiseClientUrls, ...member.listenClientUrls, ownEndpoint ?? '']);
  const candidates = [...old.members, ...(manifest?.cluster.members ?? [])].filter(({ name }) => name !== member.name);
  const urls = new Set(
    [...otherEndpoints, ...candidates.flatMap(({ clientUrls }) => clientUrls)].filter((url) => !own.has(url)),
  );
  const answers = await Promise.all(
    [...urls].map(async (url) => ((await answersAt(url, etcdConfig, signal)) ? [url] : [])),
  );
  return answers.flat().map((url) => running(url, host.layout));
}

async function answersAt(url: string, config: EtcdConfig, signal: AbortSignal): Promise<boolean> {
  try {
    const [endpoint] = parseEndpoints(url, { tls: config.tls !== undefined });
    if (endpoint === undefined) return false;
    const member = connectMember(endpoint, config);
    try {
      await member.status({ signal, timeoutMs: ONE_CALL_MS });
      return true;
    } finally {
      member.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EtcdError) return false;
    throw error;
  }
}

function running(url: string, layout: HostLayout): Finding {
  const { hostname } = new URL(url);
  const user = layout === 'openshift' ? 'core@' : '';
  const message = `the etcd at ${url} still answers: two clusters would go on, each with its own truth`;
  const hint = `Stop it first: ssh ${user}${hostname} sudo mv ${manifestPath(layout, 'etcd')} /root/`;
  return finding('error', 'RECOVERY_MEMBER_RUNNING', url, message, `${hint}.`);
}
