import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createHttpsTransport, createKubeClient, loadKubeconfig } from '../../src/apiserver/index.ts';
import { silentLog, systemTime, type Time } from '../../src/base/index.ts';
import { startStandalone, type Standalone } from '../../src/standalone/index.ts';
import { hastyTime } from '../kit/hasty-time.ts';
import { holdfastCommand, makeTemporaryFolder } from '../kit/index.ts';
import type { OpenedApi } from './api-semantics.ts';
import type { OpenedCluster } from './controllers.ts';

const NODE = 'engine-node';
/** Retries of Jobs wait 10 seconds and then 20, schedules a minute: of the engine's clock. */
const HASTE = 10;

/** The whole engine, over HTTPS. */
export async function openEngine(): Promise<OpenedApi> {
  const folder = await makeTemporaryFolder();
  // Opened twice: so its first versions are behind what it remembers, as with an API server that has run for a while.
  await (await start(folder, systemTime)).close();
  const { kubeconfig, close } = await run(folder, systemTime);
  const transport = createHttpsTransport(await loadKubeconfig({ path: kubeconfig }));
  return {
    client: createKubeClient({ transport, userAgent: 'semantics/1' }),
    kubeconfig,
    async close() {
      transport.close();
      await close();
    },
  };
}

/** The same, at work on a clock that runs fast. */
export async function openEngineCluster(): Promise<OpenedCluster> {
  const folder = await makeTemporaryFolder();
  const time = hastyTime(HASTE);
  return { ...(await run(folder, time)), nodeName: NODE, time };
}

async function run(
  folder: string,
  time: Time,
): Promise<{ readonly kubeconfig: string; readonly close: () => Promise<void> }> {
  const engine = await start(folder, time);
  const ending = new AbortController();
  const running = engine.run(ending.signal);
  return {
    kubeconfig: kubeconfigIn(folder),
    async close() {
      await engine.drain({ graceMs: 0, signal: ending.signal });
      ending.abort();
      await running;
      await engine.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function start(folder: string, time: Time): Promise<Standalone> {
  return startStandalone({
    dataDir: join(folder, 'data'),
    listen: { host: '127.0.0.1', port: 0 },
    kubeconfig: kubeconfigIn(folder),
    nodeName: NODE,
    enableBackups: false,
    program: holdfastCommand(),
    variables: process.env,
    version: '0.0.0',
    time,
    log: silentLog,
    random: Math.random,
    lock: () => Promise.resolve({ release: () => Promise.resolve() }),
    // Deadlines are for answers that never come; they are of the world's time.
    connect: (transport) => createKubeClient({ transport }),
  });
}

function kubeconfigIn(folder: string): string {
  return join(folder, 'kubeconfig');
}
