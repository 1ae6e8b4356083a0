import { createApiClient, loadKubeconfig, serverVersion } from '../../../apiserver/index.ts';
import { messageOf } from '../../../base/index.ts';
import { resolveHostPath } from '../../../host/index.ts';
import type { ActionOf } from '../step.ts';
import type { ActionContext } from './context.ts';
import { waitUntil } from './wait.ts';

/**
 * Waits until the API server serves what it keeps in etcd. The kubeconfig is read anew each time: it may be one that has
 * just been laid back.
 */
export async function waitApiServer(action: ActionOf<'wait-apiserver'>, context: ActionContext): Promise<void> {
  const { hostRoot, surroundings } = context;
  const resolvePath = async (path: string): Promise<string> => (await resolveHostPath(hostRoot, path)).diskPath;
  await waitUntil(
    {
      what: `the API server to be ready (${action.kubeconfig})`,
      look: async () => {
        try {
          const kubeconfig = await loadKubeconfig({ path: action.kubeconfig, resolvePath });
          const client = createApiClient({ kubeconfig, timeoutMs: 5_000 });
          const options = { signal: surroundings.signal };
          await serverVersion(client, options);
          await client.get('/api/v1/namespaces/kube-system', options);
          return { met: true };
        } catch (error) {
          surroundings.signal.throwIfAborted();
          return { met: false, because: messageOf(error) };
        }
      },
      hint:
        'etcd serves; see why the API server does not: crictl ps -a --name kube-apiserver; crictl logs <id>. ' +
        'Then run the same command again to continue; --no-wait-apiserver leaves this wait out.',
    },
    context,
  );
}
