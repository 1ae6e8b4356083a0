import { join } from 'node:path';
import { messageOf, type Finding } from '../../base/index.ts';
import { connectMember, parseEndpoints, type EtcdConfig } from '../../etcd/index.ts';
import {
  describeHost,
  followOnHost,
  HostError,
  readEtcdMember,
  readHostText,
  type ControlPlaneHost,
  type EtcdMemberSettings,
  type HostLayout,
  type StaticPodName,
} from '../../host/index.ts';
import { clusterFacts, decodeStored, readObjectMeta } from '../../kube/index.ts';
import { inspectSnapshotFile } from '../inspect/inspect-snapshot.ts';
import type { Surroundings } from '../surroundings.ts';
import { exists } from './actions/exists.ts';
import type { RevisionSource } from './bump-revision.ts';
import { readRevisionFile, REVISION_FILE_NAME } from './revision-file.ts';

/** What the host's etcd, or what is left of it, says of the cluster. */
export interface OldCluster {
  readonly kubeSystemUid: string | undefined;
  readonly etcdClusterId: bigint | undefined;
  readonly openshiftVersion: string | undefined;
  readonly members: readonly { readonly name: string; readonly clientUrls: readonly string[] }[];
  /** The release of the member that answers. */
  readonly etcdVersion: string | undefined;
  readonly revisions: readonly RevisionSource[];
}

/** The host as it stands before the restore. */
export interface KnownHost {
  readonly host: ControlPlaneHost;
  readonly member: EtcdMemberSettings;
  /** Canonical. */
  readonly dataDir: string;
  /** How to ask the members of this cluster. */
  readonly etcdConfig: EtcdConfig;
  readonly old: OldCluster;
  readonly findings: readonly Finding[];
}

const ONE_CALL_MS = 3_000;

/** Where the kubelet of each layout looks for static pods. */
export function manifestPath(layout: HostLayout, pod: StaticPodName): string {
  return `/etc/kubernetes/manifests/${pod}${layout === 'openshift' ? '-pod' : ''}.yaml`;
}

/**
 * Describes the host although its control plane may be down and its manifests may have been moved away by hand.
 *
 * @throws HostError where nothing is recognised or something cannot be understood
 */
export async function describeForRestore(
  request: { readonly hostRoot: string; readonly layout: HostLayout | 'auto' },
  signal: AbortSignal,
): Promise<ControlPlaneHost> {
  try {
    return await describeHost({ ...request, signal });
  } catch (error) {
    const isPartial = error instanceof HostError && /^HOST_(?:MANIFEST|REVISION|PATH)_MISSING$/.test(error.code);
    if (!isPartial) throw error;
    return describeHost({ ...request, etcdOnly: true, signal });
  }
}

/**
 * Learns how etcd is started here and what cluster it is of: from the member if it answers, else from its database.
 *
 * @param spareManifest - etcd's manifest out of the backup, for a host that has none any more
 */
export async function learnHost(
  host: ControlPlaneHost,
  spareManifest: string | undefined,
  surroundings: Pick<Surroundings, 'signal' | 'progress' | 'inspectWorker' | 'clock' | 'log'>,
): Promise<KnownHost | undefined> {
  const path = manifestPath(host.layout, 'etcd');
  const text = (await readHostText(host.hostRoot, path)) ?? spareManifest;
  if (text === undefined) return undefined;
  const settings = await readEtcdMember(host.hostRoot, { path, text });
  const member = { ...settings, name: settings.name ?? host.etcd?.memberName ?? host.nodeName };
  const { path: dataDir, diskPath } = await followOnHost(host.hostRoot, member.dataDir);
  const { cacert, cert, key } = host.etcd ?? {};
  const tls = { cacert: cacert?.diskPath, cert: cert?.diskPath, key: key?.diskPath };
  const etcdConfig: EtcdConfig = { clock: surroundings.clock, ...(cacert === undefined ? {} : { tls }) };
  const endpoint = host.etcd?.endpoints[0];
  const live = endpoint === undefined ? undefined : await askMember(endpoint, etcdConfig, surroundings);
  const old = live ?? (await readDatabase(diskPath, surroundings)) ?? NOTHING;
  const revisions = [...old.revisions, ...(await revisionFile(dataDir, diskPath))];
  return { host, member, dataDir, etcdConfig, old: { ...old, revisions }, findings: host.findings };
}

const NOTHING: OldCluster = {
  kubeSystemUid: undefined,
  etcdClusterId: undefined,
  openshiftVersion: undefined,
  members: [],
  etcdVersion: undefined,
  revisions: [],
};

async function askMember(
  url: string,
  config: EtcdConfig,
  { signal, log }: Pick<Surroundings, 'signal' | 'log'>,
): Promise<OldCluster | undefined> {
  try {
    const [endpoint] = parseEndpoints(url, { tls: config.tls !== undefined });
    if (endpoint === undefined) return undefined;
    const member = connectMember(endpoint, config);
    try {
      const options = { signal, timeoutMs: ONE_CALL_MS };
      const { clusterId, revision, version } = await member.status(options);
      const members = await member.memberList(options).catch(() => []);
      let kubeSystemUid: string | undefined;
      for (const prefix of ['/registry', '/kubernetes.io']) {
        const key = Buffer.from(`${prefix}/namespaces/kube-system`);
        const { kvs } = await member.kv.range(key, { ...options, serializable: true });
        const value = kvs[0]?.value;
        if (value !== undefined) kubeSystemUid ??= readObjectMeta(decodeStored(value))?.uid;
      }
      const revisions: RevisionSource[] = [{ what: `the member at ${url}`, revision, kind: 'exact', isCurrent: true }];
      return {
        kubeSystemUid,
        etcdClusterId: clusterId,
        openshiftVersion: undefined,
        members,
        etcdVersion: version,
        revisions,
      };
    } finally {
      member.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    log.debug(`the member at ${url} does not answer: ${messageOf(error)}`);
    return undefined;
  }
}

/** What the database of a member that does not run says; undefined where there is none, or none that can be read. */
async function readDatabase(
  dataDir: string,
  surroundings: Pick<Surroundings, 'signal' | 'progress' | 'inspectWorker' | 'log'>,
): Promise<OldCluster | undefined> {
  const path = join(dataDir, 'member', 'snap', 'db');
  try {
    if (!(await exists(path))) return undefined;
    const { walk, census } = await inspectSnapshotFile(path, { hash: false }, surroundings);
    if (walk === undefined) return undefined;
    const facts = census === undefined ? undefined : clusterFacts(census);
    const { members } = walk.state;
    const { revision } = walk.status;
    return {
      kubeSystemUid: facts?.kubeSystemUid,
      etcdClusterId: undefined,
      openshiftVersion: facts?.openshiftVersion,
      members,
      etcdVersion: undefined,
      revisions: [{ what: `the old database ${path}`, revision, kind: 'exact', isCurrent: true }],
    };
  } catch (error) {
    surroundings.signal.throwIfAborted();
    surroundings.log.debug(`the old database ${path} cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

async function revisionFile(dataDir: string, diskPath: string): Promise<readonly RevisionSource[]> {
  const revision = await readRevisionFile(join(diskPath, REVISION_FILE_NAME));
  if (revision === undefined) return [];
  return [{ what: `${dataDir}/${REVISION_FILE_NAME}`, revision, kind: 'raft-index', isCurrent: true }];
}
