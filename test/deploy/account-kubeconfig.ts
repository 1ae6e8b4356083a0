import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { KubectlRunner } from '../standalone/kubectl.ts';

const connection = z.looseObject({
  clusters: z.array(z.looseObject({ cluster: z.looseObject({}) })).min(1),
});

/**
 * A kubeconfig of the same server with the token of a service account.
 *
 * @param kubectl - an administrator's
 * @param folder - where it is written
 */
export async function kubeconfigOfAccount(
  kubectl: KubectlRunner,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  folder: string,
): Promise<string> {
  const token = (await kubectl.out('create', 'token', '-n', namespace, name)).trim();
  const { clusters } = connection.parse(
    JSON.parse(await kubectl.out('config', 'view', '--raw', '--minify', '-o', 'json')),
  );
  const path = join(folder, `${namespace}-${name}.json`);
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'real', cluster: clusters[0]?.cluster }],
    users: [{ name, user: { token } }],
    contexts: [{ name: 'real', context: { cluster: 'real', user: name } }],
    'current-context': 'real',
  };
  await writeFile(path, JSON.stringify(content), { mode: 0o600 });
  return path;
}
