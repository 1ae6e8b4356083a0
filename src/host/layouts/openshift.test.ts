import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporarySampleHost } from '../../../test/kit/temporary-sample-host.ts';
import { describeHost } from '../describe-host.ts';
import { detectLayout } from '../detect-layout.ts';
import { readEncryptionConfigs } from '../host-files.ts';

const RESOURCES = '/etc/kubernetes/static-pod-resources';

describe('an OpenShift control-plane host', () => {
  it('is recognised by its static pod resources', async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift' });
    const detected = await detectLayout(root);
    expect(detected?.layout).toBe('openshift');
    expect(detected?.evidence).toContain('/etc/kubernetes/manifests/etcd-pod.yaml');
  });

  it('saves the revision that each running manifest names, not the folder that was touched last', async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift', revisions: { 'kube-apiserver': 12 } });
    const host = await describeHost({ hostRoot: root });
    expect(host.staticPods.map(({ name, resourceDir }) => `found latest ${name}: ${resourceDir ?? ''}`)).toEqual([
      `found latest kube-apiserver: ${RESOURCES}/kube-apiserver-pod-12`,
      `found latest kube-controller-manager: ${RESOURCES}/kube-controller-manager-pod-7`,
      `found latest kube-scheduler: ${RESOURCES}/kube-scheduler-pod-6`,
      `found latest etcd: ${RESOURCES}/etcd-pod-3`,
    ]);
    expect(host.archiveRoot).toBe('/etc/kubernetes');
    expect(host.sources.map(({ member }) => member)).toEqual([
      'static-pod-resources/kube-apiserver-pod-12',
      'static-pod-resources/kube-controller-manager-pod-7',
      'static-pod-resources/kube-scheduler-pod-6',
      'static-pod-resources/etcd-pod-3',
    ]);
    expect(host.findings).toEqual([]);
  });

  it('asks the local member first, with the certificates of the host in place of those of the pod', async () => {
    const { root, nodeName } = await temporarySampleHost({
      layout: 'openshift',
      others: ['https://10.0.151.30:2379', 'https://10.0.160.4:2379'],
    });
    const { etcd } = await describeHost({ hostRoot: root });
    const folder = `${RESOURCES}/etcd-certs/secrets/etcd-all-certs`;
    expect(etcd).toMatchObject({
      place: 'local',
      endpoints: ['https://127.0.0.1:23790', 'https://10.0.151.30:2379', 'https://10.0.160.4:2379'],
      cert: { path: `${folder}/etcd-peer-${nodeName}.crt` },
      memberName: nodeName,
      dataDir: '/var/lib/etcd',
    });
    expect(await readFile(etcd?.key?.diskPath ?? '', 'utf8')).toContain('PRIVATE KEY');
  });

  it('asks port 2379 of its own address where the manifest does not say what it advertises', async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift', endpoint: 'https://10.0.137.18:2379' });
    const manifest = join(root, 'etc/kubernetes/manifests/etcd-pod.yaml');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(/--advertise-client-urls=\S+/, ''));
    expect((await describeHost({ hostRoot: root })).etcd?.endpoints[0]).toBe('https://10.0.137.18:2379');
  });

  it('gives the encryption configuration of the running revision', async () => {
    const sample = await temporarySampleHost({ layout: 'openshift', encryption: '{"kind":"EncryptionConfiguration"}' });
    const host = await describeHost({ hostRoot: sample.root });
    const path = `${RESOURCES}/kube-apiserver-pod-6/secrets/encryption-config/encryption-config`;
    expect(host.encryptionConfigs.map((file) => file.path)).toEqual([path]);
    const [file] = await readEncryptionConfigs(host);
    expect(Buffer.from(file?.bytes ?? []).toString()).toBe('{"kind":"EncryptionConfiguration"}');
    await rm(join(sample.root, path));
    await expect(readEncryptionConfigs(host)).rejects.toMatchObject({ code: 'HOST_PATH_MISSING', subject: path });
  });

  it('is described through absolute links that mean paths of the host', async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift' });
    await mkdir(join(root, 'var/srv'), { recursive: true });
    await rename(join(root, RESOURCES), join(root, 'var/srv/resources'));
    await symlink('/var/srv/resources', join(root, RESOURCES));
    const host = await describeHost({ hostRoot: root });
    expect(host.sources[0]?.member).toBe('static-pod-resources/kube-apiserver-pod-6');
    expect(host.etcd?.cacert).toMatchObject({
      path: `${RESOURCES}/etcd-certs/configmaps/etcd-all-bundles/server-ca-bundle.crt`,
      diskPath: join(root, 'var/srv/resources/etcd-certs/configmaps/etcd-all-bundles/server-ca-bundle.crt'),
    });
  });
});

describe('an OpenShift host that is not whole', () => {
  it('is refused by name where a manifest is missing, unless only etcd is wanted', async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift' });
    await rm(join(root, 'etc/kubernetes/manifests/kube-scheduler-pod.yaml'));
    await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({
      code: 'HOST_MANIFEST_MISSING',
      subject: '/etc/kubernetes/manifests/kube-scheduler-pod.yaml',
    });
    const host = await describeHost({ hostRoot: root, etcdOnly: true });
    expect(host).toMatchObject({ sources: [], staticPods: [], etcd: { endpoints: ['https://127.0.0.1:23790'] } });
  });

  it('is refused by name where the revision folder is missing or not named', async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift' });
    await rm(join(root, RESOURCES, 'etcd-pod-3'), { recursive: true });
    await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({
      code: 'HOST_REVISION_MISSING',
      subject: `${RESOURCES}/etcd-pod-3`,
    });
    await writeFile(join(root, 'etc/kubernetes/manifests/etcd-pod.yaml'), '{"spec":{"containers":[{"name":"etcd"}]}}');
    await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({
      code: 'HOST_REVISION_MISSING',
      subject: '/etc/kubernetes/manifests/etcd-pod.yaml',
    });
  });

  it('says that etcd cannot be found where etcd.env or a certificate is missing', async () => {
    const { root, nodeName } = await temporarySampleHost({ layout: 'openshift' });
    await rm(join(root, RESOURCES, `etcd-certs/secrets/etcd-all-certs/etcd-peer-${nodeName}.key`));
    const host = await describeHost({ hostRoot: root });
    expect(host.etcd).toBeUndefined();
    expect(host.findings).toMatchObject([{ severity: 'error', code: 'HOST_ETCD_NOT_FOUND' }]);
    expect(host.findings[0]?.message).toContain(`etcd-certs/secrets/etcd-all-certs/etcd-peer-${nodeName}.key`);
    await rm(join(root, RESOURCES, 'etcd-certs/configmaps/etcd-scripts/etcd.env'));
    expect((await describeHost({ hostRoot: root })).findings[0]?.message).toContain('etcd.env is missing');
  });

  it('warns where nothing says which node it is', async () => {
    const { root } = await temporarySampleHost({ layout: 'openshift', others: ['https://10.0.0.9:2379'] });
    const manifest = join(root, 'etc/kubernetes/manifests/etcd-pod.yaml');
    await writeFile(manifest, (await readFile(manifest, 'utf8')).replaceAll('${NODE_', '${OTHER_'));
    const env = join(root, RESOURCES, 'etcd-certs/configmaps/etcd-scripts/etcd.env');
    const folder = join(root, RESOURCES, 'etcd-certs/secrets/etcd-all-certs');
    const text = await readFile(env, 'utf8');
    await writeFile(env, text.replaceAll(/etcd-peer-[^"]+\.(crt|key)/g, 'client.$1'));
    for (const kind of ['crt', 'key']) await writeFile(join(folder, `client.${kind}`), '');
    const host = await describeHost({ hostRoot: root });
    expect(host.findings).toMatchObject([{ severity: 'warning', code: 'HOST_NODE_UNKNOWN' }]);
    expect(host.etcd?.endpoints).toEqual(['https://10.0.0.9:2379', 'https://127.0.0.1:23790']);
  });
});
