import { rm } from 'node:fs/promises';
import { createHttpsTransport, createKubeClient, loadKubeconfig } from '../../src/apiserver/index.ts';
import { silentLog, systemTime } from '../../src/base/index.ts';
import { createHousekeeping, readMachine } from '../../src/standalone/housekeeping/index.ts';
import { makeTemporaryFolder } from '../kit/index.ts';
import { serveApi } from '../standalone/served-api.ts';
import type { OpenedApi } from './api-semantics.ts';

/** The engine's API over HTTPS with the controllers that keep house, and nothing that runs pods. */
export async function openEngine(): Promise<OpenedApi> {
  const folder = await makeTemporaryFolder();
  // Opened twice: so its first versions are behind what it remembers, as with an API server that has run for a while.
  await (await serveApi({ folder })).close();
  const served = await serveApi({ folder });
  const inside = served.api.transport;
  const housekeeping = createHousekeeping({
    client: createKubeClient({ transport: inside, userAgent: 'housekeeping/1' }),
    transport: inside,
    time: systemTime,
    log: silentLog,
    machine: readMachine('semantics'),
    kubernetesVersion: 'v1.33.0',
    holdfastVersion: '0.0.0',
    enableBackups: false,
  });
  await housekeeping.prepare();
  const ending = new AbortController();
  const running = housekeeping.run(ending.signal);
  const transport = createHttpsTransport(await loadKubeconfig({ path: served.kubeconfig }));
  return {
    client: createKubeClient({ transport, userAgent: 'semantics/1' }),
    kubeconfig: served.kubeconfig,
    async close() {
      transport.close();
      ending.abort();
      await running;
      await served.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
