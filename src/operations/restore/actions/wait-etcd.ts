import { messageOf } from '../../../base/index.ts';
import { connectMember, parseEndpoints, type EtcdConfig, type EtcdEndpoint } from '../../../etcd/index.ts';
import type { ActionOf } from '../step.ts';
import { followOnHost } from '../../../host/index.ts';
import type { ActionContext } from './context.ts';
import { waitUntil, type Look } from './wait.ts';

const ONE_CALL_MS = 3_000;

/** Waits until the member on this host leads its cluster, answers a read that needs a quorum, and has the revision expected. */
export async function waitEtcd(action: ActionOf<'wait-etcd'>, context: ActionContext): Promise<void> {
  const file = async (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? undefined : (await followOnHost(context.hostRoot, path)).diskPath;
  const [cacert, cert, key] = [await file(action.cacert), await file(action.cert), await file(action.key)];
  const config: EtcdConfig = cacert === undefined && cert === undefined ? {} : { tls: { cacert, cert, key } };
  const endpoints = parseEndpoints(action.endpoints, { tls: cacert !== undefined });
  await waitUntil(
    {
      what: `etcd to serve at ${action.endpoints.join(', ')}`,
      look: async () => {
        const looks = await Promise.all(endpoints.map((each) => look(each, config, action.revision ?? 0n, context)));
        return looks.find(({ met }) => met) ?? looks[0] ?? { met: false, because: 'nobody was asked' };
      },
      hint:
        'Look at why it does not start: crictl ps -a --name etcd; crictl logs <id>; journalctl -u kubelet. ' +
        'Then run the same command again to continue, or roll back with --rollback.',
    },
    context,
  );
}

async function look(
  endpoint: EtcdEndpoint,
  config: EtcdConfig,
  revision: bigint,
  { surroundings: { signal, clock } }: ActionContext,
): Promise<Look> {
  try {
    const member = connectMember(endpoint, { ...config, clock });
    try {
      const options = { signal, timeoutMs: ONE_CALL_MS };
      const status = await member.status(options);
      if (status.leader === 0n) return { met: false, because: 'etcd runs and has no leader yet' };
      if (status.revision < revision) {
        return { met: false, because: `etcd is at revision ${status.revision}, ${revision} was restored` };
      }
      // Any key will do: a read that is not serializable goes through raft.
      await member.kv.range(Buffer.from('holdfast'), { ...options, countOnly: true });
      return { met: true };
    } finally {
      member.close();
    }
  } catch (error) {
    signal.throwIfAborted();
    return { met: false, because: messageOf(error) };
  }
}
