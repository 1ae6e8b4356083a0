import { createKubeClient, resources } from '../src/apiserver/index.ts';
import { backupDefinition, etcdBackupDefinition } from '../src/crd/index.ts';
import { serveApi } from '../test/standalone/served-api.ts';
import { fill, type Load } from './load-objects.ts';
import type { Asked } from './load-engine.ts';

/**
 * The engine's API in a process of its own, without controllers, filled before it says that it serves. It counts what it is
 * asked for over HTTPS, and tells whenever its parent asks.
 *
 *   node load-api.js <folder> <load as JSON>
 */
async function main([folder = '', load = '']: readonly string[]): Promise<void> {
  const counts = new Map<string, number>();
  let busyAt = performance.now();
  const served = await serveApi({
    folder,
    authorize: ({ user, verb, resource }) => {
      // What fills it comes from inside.
      if (user.name !== 'holdfast-admin') return true;
      const what = `${verb} ${resource?.plural ?? 'other'}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
      if (resource?.plural !== 'leases' && verb !== 'watch') busyAt = performance.now();
      return true;
    },
  });
  const client = createKubeClient({ transport: served.api.transport });
  for (const definition of [backupDefinition, etcdBackupDefinition])
    await client.create(resources.customResourceDefinitions, definition);
  await fill(client, JSON.parse(load) as Load);
  process.on('message', () => {
    const asked: Asked = { counts: [...counts], quietMs: performance.now() - busyAt };
    process.send?.(asked);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ kubeconfig: served.kubeconfig });
}

await main(process.argv.slice(2));
