import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporarySampleHost } from '../../../test/kit/temporary-sample-host.ts';
import { describeHost } from '../describe-host.ts';
import { detectLayout } from '../detect-layout.ts';

const MANIFEST = 'etc/kubernetes/manifests/kube-apiserver.yaml';

async function put(root: string, path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

/** Adds flags to the API server, and mounts of host folders by container path. */
async function extendApiServer(
  root: string,
  flags: readonly string[],
  mounts: Readonly<Record<string, string>>,
): Promise<void> {
  const text = await readFile(join(root, MANIFEST), 'utf8');
  const lines = (indent: string, each: readonly string[]): string => each.map((line) => `${indent}${line}\n`).join('');
  const names = Object.keys(mounts).map((_, index) => `extra-${index}`);
  const changed = text
    .replace(/^( *)- --advertise-address/m, (line, indent: string) => `${lines(`${indent}- `, flags)}${line}`)
    .replace(/^( *)volumeMounts:\n/m, (line, indent: string) => {
      const added = Object.keys(mounts).map((path, index) => `{name: ${names[index] ?? ''}, mountPath: ${path}}`);
      return line + lines(`${indent}  - `, added);
    })
    .replace(/^( *)volumes:\n/m, (line, indent: string) => {
      const added = Object.values(mounts).map(
        (path, index) => `{name: ${names[index] ?? ''}, hostPath: {path: ${path}}}`,
      );
      return line + lines(`${indent}  - `, added);
    });
  await writeFile(join(root, MANIFEST), changed);
}

describe('a kubeadm control-plane host', () => {
  it('is recognised and described, with its own files and those that the flags point to', async () => {
    const { root, nodeName } = await temporarySampleHost({ layout: 'kubeadm', encryption: true });
    expect((await detectLayout(root))?.layout).toBe('kubeadm');
    const host = await describeHost({ hostRoot: root });
    expect(host.sources.map(({ member }) => member)).toEqual([
      'etc/kubernetes/manifests',
      'etc/kubernetes/pki',
      'etc/kubernetes/admin.conf',
      'etc/kubernetes/controller-manager.conf',
      'etc/kubernetes/kubelet.conf',
      'etc/kubernetes/scheduler.conf',
      'etc/kubernetes/super-admin.conf',
      'var/lib/kubelet/config.yaml',
      'var/lib/kubelet/kubeadm-flags.env',
      'etc/kube-audit/policy.yaml',
      'var/lib/encryption/provider.yaml',
    ]);
    expect(host).toMatchObject({
      archiveRoot: '/',
      nodeName,
      kubernetesVersion: 'v1.31.2',
      kubeconfig: { path: '/etc/kubernetes/admin.conf' },
      encryptionConfigs: [{ path: '/var/lib/encryption/provider.yaml' }],
      etcd: {
        place: 'local',
        endpoints: ['https://127.0.0.1:23790'],
        cacert: { path: '/etc/kubernetes/pki/etcd/ca.crt' },
        cert: { path: '/etc/kubernetes/pki/apiserver-etcd-client.crt' },
        key: { path: '/etc/kubernetes/pki/apiserver-etcd-client.key' },
        dataDir: '/var/lib/etcd',
      },
      findings: [],
    });
    expect(host.neverSaved).toEqual(expect.arrayContaining(['/var/lib/etcd', '/var/log/kubernetes/audit/audit.log']));
  });

  it('follows a configuration file to the files that it names, wherever their mount puts them', async () => {
    const { root } = await temporarySampleHost({ layout: 'kubeadm' });
    await extendApiServer(root, ['--admission-control-config-file=/adm/admission.yaml'], { '/adm': '/opt/admission' });
    await put(root, '/opt/admission/admission.yaml', 'plugins: [{name: ImagePolicyWebhook, path: image.yaml}]\n');
    await put(root, '/opt/admission/image.yaml', 'imagePolicy: {kubeConfigFile: /adm/hook.conf}\n');
    await put(root, '/opt/admission/hook.conf', 'users: [{user: {client-certificate: hook.crt}}]\n');
    await put(root, '/opt/admission/hook.crt', '-----BEGIN CERTIFICATE-----\n/adm/not-a-path\n');
    const { sources, findings } = await describeHost({ hostRoot: root });
    expect(findings).toEqual([]);
    for (const name of ['admission.yaml', 'image.yaml', 'hook.conf', 'hook.crt']) {
      expect(sources.map(({ path }) => path)).toContain(`/opt/admission/${name}`);
    }
  });

  it('warns of a flag whose file is not on the host, and saves the parts of flags with several', async () => {
    const { root } = await temporarySampleHost({ layout: 'kubeadm' });
    await put(root, '/srv/sni/a.crt', 'a');
    await put(root, '/srv/sni/a.key', 'a');
    const flags = [
      '--tls-sni-cert-key=/sni/a.crt,/sni/a.key:example.com',
      '--oidc-ca-file=/sni/missing.crt',
      '--cloud-config=/in/the/image.conf',
      '--etcd-prefix=/registry',
    ];
    await extendApiServer(root, flags, { '/sni': '/srv/sni' });
    const { sources, findings } = await describeHost({ hostRoot: root });
    expect(sources.map(({ path }) => path)).toEqual(expect.arrayContaining(['/srv/sni/a.crt', '/srv/sni/a.key']));
    expect(findings.map(({ code, where }) => `${code} ${where}`)).toEqual([
      'HOST_REFERENCED_FILE_MISSING /srv/sni/missing.crt',
      'HOST_REFERENCED_FILE_MISSING /in/the/image.conf',
    ]);
  });

  it('saves what links lead to, as well as the links, and follows no link into etcd or the kernel', async () => {
    const { root } = await temporarySampleHost({ layout: 'kubeadm' });
    await rename(join(root, 'etc/kubernetes/pki'), join(root, 'pki-on-its-own-disk'));
    await symlink('/pki-on-its-own-disk', join(root, 'etc/kubernetes/pki'));
    await symlink('../var/lib/etcd/member', join(root, 'pki-on-its-own-disk/data'));
    const host = await describeHost({ hostRoot: root });
    expect(host.sources.map(({ member }) => member)).toEqual(
      expect.arrayContaining(['etc/kubernetes/pki', 'pki-on-its-own-disk']),
    );
    expect(host.etcd?.cert?.diskPath).toBe(join(root, 'pki-on-its-own-disk/apiserver-etcd-client.crt'));
    expect(host.findings).toMatchObject([{ code: 'HOST_LINK_NOT_FOLLOWED', where: '/pki-on-its-own-disk/data' }]);
  });

  it("takes an external etcd from the API server's flags", async () => {
    const { root } = await temporarySampleHost({ layout: 'kubeadm' });
    await rm(join(root, 'etc/kubernetes/manifests/etcd.yaml'));
    const manifest = await readFile(join(root, MANIFEST), 'utf8');
    await writeFile(
      join(root, MANIFEST),
      manifest.replace(/--etcd-servers=\S+/, '--etcd-servers=https://a:2379,https://b:2379'),
    );
    const { etcd, staticPods } = await describeHost({ hostRoot: root });
    expect(staticPods.map(({ name }) => name)).toEqual(['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']);
    expect(etcd).toMatchObject({
      place: 'external',
      endpoints: ['https://a:2379', 'https://b:2379'],
      cacert: { path: '/etc/kubernetes/pki/etcd/ca.crt' },
    });
  });

  it('falls back to the health check certificate where the API server names none that is there', async () => {
    const { root } = await temporarySampleHost({ layout: 'kubeadm' });
    await rm(join(root, 'etc/kubernetes/pki/apiserver-etcd-client.key'));
    const { etcd } = await describeHost({ hostRoot: root });
    expect(etcd?.cert?.path).toBe('/etc/kubernetes/pki/etcd/healthcheck-client.crt');
  });

  it('is refused by name where a manifest is missing or no pod', async () => {
    const { root } = await temporarySampleHost({ layout: 'kubeadm' });
    await rm(join(root, 'etc/kubernetes/manifests/kube-scheduler.yaml'));
    await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({
      code: 'HOST_MANIFEST_MISSING',
      subject: '/etc/kubernetes/manifests/kube-scheduler.yaml',
    });
    await put(root, MANIFEST, 'rubbish');
    await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({ code: 'HOST_MANIFEST_INVALID' });
  });
});

it('an unknown host is refused with what to do, and an abort is heard', async () => {
  const { root } = await temporarySampleHost({ layout: 'kubeadm' });
  await rm(join(root, 'etc/kubernetes/manifests'), { recursive: true });
  await expect(describeHost({ hostRoot: root })).rejects.toMatchObject({ code: 'HOST_LAYOUT_UNKNOWN', subject: root });
  const reason = new Error('enough');
  await expect(describeHost({ hostRoot: root, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
