import { describe, expect, it } from 'vitest';
import { parsePodManifest, versionOfImage } from './pod-manifest.ts';

const POD = `
spec:
  containers:
  - name: sidecar
    image: sidecar:1
  - name: kube-apiserver
    image: registry.k8s.io/kube-apiserver:v1.31.2
    command: [kube-apiserver, --audit-policy-file=/audit/policy.yaml]
    args: [--v, "2", --profiling, -tls-cert-file=/pki/a.crt]
    env:
    - {name: A, value: "1"}
    - {name: B, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    volumeMounts:
    - {name: pki, mountPath: /pki/}
    - {name: deep, mountPath: /pki/deep, subPath: sub}
    - {name: config, mountPath: /config}
  volumes:
  - {name: pki, hostPath: {path: /etc/kubernetes/pki/}}
  - {name: deep, hostPath: {path: /data}}
  - {name: config, configMap: {name: c}}
`;

describe('a static pod manifest', () => {
  const manifest = parsePodManifest(POD, '/m.yaml', 'kube-apiserver');

  it('gives the flags of the container that matters, in every way that flags are written', () => {
    expect(manifest.flags).toEqual([
      { name: 'audit-policy-file', value: '/audit/policy.yaml' },
      { name: 'v', value: '2' },
      { name: 'profiling', value: 'true' },
      { name: 'tls-cert-file', value: '/pki/a.crt' },
    ]);
    expect(manifest.image).toBe('registry.k8s.io/kube-apiserver:v1.31.2');
    expect([...manifest.env]).toEqual([['A', '1']]);
  });

  it('says where a path of the container lies on the host, by the deepest mount', () => {
    expect(manifest.hostPath('/pki/ca.crt')).toBe('/etc/kubernetes/pki/ca.crt');
    expect(manifest.hostPath('/pki')).toBe('/etc/kubernetes/pki');
    expect(manifest.hostPath('/pki/deep/x')).toBe('/data/sub/x');
    expect(manifest.hostPath('/pki/../pki/ca.crt')).toBe('/etc/kubernetes/pki/ca.crt');
  });

  it('knows that a path under no folder of the host is not on the host', () => {
    expect(manifest.hostPath('/pkisomething')).toBeUndefined();
    expect(manifest.hostPath('/config/c.yaml')).toBeUndefined();
    expect(manifest.hostPath('/pki/../etc/passwd')).toBeUndefined();
  });

  it.each(['', '{', 'spec: {containers: []}', 'just text', '[1, 2]', 'spec: {containers: [{name: 7}]}'])(
    'is refused with its path where it is no pod: %j',
    (text) => {
      expect(() => parsePodManifest(text, '/etc/m.yaml', 'etcd')).toThrow(
        expect.objectContaining({ code: 'HOST_MANIFEST_INVALID', subject: '/etc/m.yaml' }),
      );
    },
  );
});

it.each([
  ['registry.k8s.io/kube-apiserver:v1.31.2', 'v1.31.2'],
  ['localhost:5000/kube-apiserver:v1.31.2@sha256:abcd', 'v1.31.2'],
  ['index.docker.io/rancher/hardened-kubernetes:v1.30.5-rke2r1-build20240912', 'v1.30.5+rke2r1'],
  ['quay.io/openshift-release-dev/ocp@sha256:5ba1', undefined],
  ['localhost:5000/kube-apiserver', undefined],
  [undefined, undefined],
])('the version of image %s is %s', (image, version) => {
  expect(versionOfImage(image)).toBe(version);
});
