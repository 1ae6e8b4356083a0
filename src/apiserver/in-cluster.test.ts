import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { loadInClusterConfig } from './in-cluster.ts';

const variables = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };

async function serviceAccount(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'token'), 'first\n');
  await writeFile(join(folder, 'ca.crt'), 'PEM');
  return folder;
}

describe('the way to the API server from inside a pod', () => {
  it('is what kubelet says in the environment and mounts', async () => {
    const folder = await serviceAccount();
    const config = await loadInClusterConfig(variables, { folder });
    expect(config.server.origin).toBe('https://10.96.0.1');
    expect(config.certificateAuthority?.toString()).toBe('PEM');
    expect((await config.currentToken?.())?.reveal()).toBe('first');
  });

  it('follows the token when it is replaced', async () => {
    const folder = await serviceAccount();
    const config = await loadInClusterConfig(variables, { folder });
    await writeFile(join(folder, 'token'), 'second');
    expect((await config.currentToken?.())?.reveal()).toBe('second');
  });

  it('may be an IPv6 address', async () => {
    const of = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const { server } = await loadInClusterConfig(of, { folder: await serviceAccount() });
    expect(server.origin).toBe('https://[fd00::1]:6443');
  });

  it('is missing outside of a pod', async () => {
    const folder = await serviceAccount();
    const code = 'APISERVER_KUBECONFIG_MISSING';
    await expect(loadInClusterConfig({}, { folder })).rejects.toMatchObject({
      code,
      subject: 'KUBERNETES_SERVICE_HOST',
    });
    await expect(loadInClusterConfig({ ...variables, KUBERNETES_SERVICE_PORT: 'x' }, { folder })).rejects.toMatchObject(
      { code },
    );
  });

  it('is missing where no token is mounted, or an empty one', async () => {
    const folder = await temporaryFolder();
    const code = 'APISERVER_KUBECONFIG_MISSING';
    await expect(loadInClusterConfig(variables, { folder })).rejects.toMatchObject({
      code,
      subject: join(folder, 'token'),
    });
    await writeFile(join(folder, 'token'), '\n');
    await expect(loadInClusterConfig(variables, { folder })).rejects.toMatchObject({ code });
  });
});
