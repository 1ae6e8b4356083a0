import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporarySampleHost } from '../../../test/kit/temporary-sample-host.ts';
import { describeHost } from '../describe-host.ts';
import { detectLayout } from '../detect-layout.ts';

describe.each(['k3s', 'rke2'] as const)('a server of %s', (layout) => {
  const server = `/var/lib/rancher/${layout}/server`;

  it('is recognised and described: token, certificates, credentials, manifests and configuration', async () => {
    const { root } = await temporarySampleHost({ layout, encryption: true });
    expect(await detectLayout(root)).toEqual({ layout, evidence: [server] });
    const host = await describeHost({ hostRoot: root });
    expect(host.sources.map(({ path }) => path)).toEqual([
      `${server}/token`,
      `${server}/node-token`,
      `${server}/tls`,
      `${server}/cred`,
      `${server}/manifests`,
      ...(layout === 'rke2' ? ['/var/lib/rancher/rke2/agent/pod-manifests'] : []),
      `/etc/rancher/${layout}`,
      '/etc/rancher/node',
    ]);
    expect(host).toMatchObject({
      archiveRoot: '/',
      kubernetesVersion: layout === 'rke2' ? 'v1.30.5+rke2r1' : undefined,
      kubeconfig: { path: `/etc/rancher/${layout}/${layout}.yaml` },
      encryptionConfigs: [{ path: `${server}/cred/encryption-config.json` }],
      etcd: {
        endpoints: ['https://127.0.0.1:23790'],
        cacert: { path: `${server}/tls/etcd/server-ca.crt` },
        cert: { path: `${server}/tls/etcd/client.crt` },
        key: { path: `${server}/tls/etcd/client.key` },
        dataDir: `${server}/db/etcd`,
      },
      findings: [],
    });
    expect(host.staticPods).toHaveLength(layout === 'rke2' ? 4 : 0);
  });

  it('says that there is no etcd where SQLite is used', async () => {
    const { root } = await temporarySampleHost({ layout });
    await rm(join(root, server, 'db/etcd'), { recursive: true });
    await writeFile(join(root, server, 'db/state.db'), '');
    await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({
      code: 'HOST_NO_ETCD',
      subject: `${server}/db/state.db`,
    });
  });

  it('never shows the address of an SQL database, which holds its password', async () => {
    const { root } = await temporarySampleHost({ layout });
    await writeFile(
      join(root, `etc/rancher/${layout}/config.yaml`),
      'datastore-endpoint: mysql://root:hunter2@tcp(db)/k\n',
    );
    const error: unknown = await describeHost({ hostRoot: root }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'HOST_NO_ETCD' });
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
  });

  it('takes an external etcd and other folders from its configuration, a later file before an earlier', async () => {
    const { root } = await temporarySampleHost({ layout });
    await rename(join(root, `var/lib/rancher/${layout}`), join(root, 'data'));
    await mkdir(join(root, `etc/rancher/${layout}/config.yaml.d`));
    await writeFile(
      join(root, `etc/rancher/${layout}/config.yaml`),
      'data-dir: /elsewhere\nkube-apiserver-arg: audit-policy-file=/opt/p.yaml\n',
    );
    const more = 'data-dir: /data/\ndatastore-endpoint: https://a:2379,https://b:2379\nnode-name: one\n';
    await writeFile(join(root, `etc/rancher/${layout}/config.yaml.d/10-more.yaml`), more);
    await mkdir(join(root, 'opt'));
    await writeFile(join(root, 'opt/p.yaml'), 'kind: Policy\n');
    const host = await describeHost({ hostRoot: root });
    expect(host).toMatchObject({
      layout,
      nodeName: 'one',
      etcd: { place: 'external', endpoints: ['https://a:2379', 'https://b:2379'] },
    });
    expect(host.sources.map(({ path }) => path)).toEqual(expect.arrayContaining(['/data/server/tls', '/opt/p.yaml']));
  });

  it('is refused by name where the token is missing, or its configuration is no YAML', async () => {
    const { root } = await temporarySampleHost({ layout });
    await rm(join(root, server, 'token'));
    await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({
      code: 'HOST_PATH_MISSING',
      subject: `${server}/token`,
    });
    await writeFile(join(root, `etc/rancher/${layout}/config.yaml`), '{');
    await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({ code: 'HOST_CONFIG_INVALID' });
  });

  it('says which certificate of etcd is missing', async () => {
    const { root } = await temporarySampleHost({ layout });
    await rm(join(root, server, 'tls/etcd/client.key'));
    const { etcd, findings } = await describeHost({ hostRoot: root });
    expect(etcd).toBeUndefined();
    expect(findings).toMatchObject([{ code: 'HOST_ETCD_NOT_FOUND', where: `${server}/tls/etcd/client.key` }]);
  });
});
