import { protobuf } from '../base/index.ts';
import { decodeOrUndefined, decodeStored, readObjectMeta } from './envelope.ts';

/** Small facts that a few well-known objects hold. Each reader gives undefined for what it cannot read. */

// core/v1/generated.proto: Node.status 3, NodeStatus.nodeInfo 7, NodeSystemInfo.kubeletVersion 7.
const node = protobuf.message({
  status: protobuf.nested(
    3,
    protobuf.message({ nodeInfo: protobuf.nested(7, protobuf.message({ kubeletVersion: protobuf.string(7) })) }),
  ),
});
// core/v1/generated.proto: ConfigMap.data 2, a map, whose entries have the key as 1 and the value as 2.
const configMap = protobuf.message({
  data: protobuf.repeated(2, protobuf.message({ key: protobuf.string(1), value: protobuf.string(2) })),
});

/** The UID of any object, such as the kube-system namespace, which stands for the cluster's identity. */
export function readUid(value: Uint8Array): string | undefined {
  const uid = readObjectMeta(decodeStored(value))?.uid;
  return uid === '' ? undefined : uid;
}

/** `v1.34.1` of a Node. */
export function readKubeletVersion(value: Uint8Array): string | undefined {
  const object = decodeStored(value);
  if (object.encoding !== 'protobuf') return undefined;
  const version = decodeOrUndefined(node, object.raw)?.status?.nodeInfo?.kubeletVersion;
  return version === '' ? undefined : version;
}

/** `v1.34.1` of kubeadm's ConfigMap `kube-system/kubeadm-config`. */
export function readKubeadmVersion(value: Uint8Array): string | undefined {
  const object = decodeStored(value);
  if (object.encoding !== 'protobuf') return undefined;
  const data = decodeOrUndefined(configMap, object.raw)?.data ?? [];
  const configuration = data.find(({ key }) => key === 'ClusterConfiguration')?.value ?? '';
  return /^kubernetesVersion: *"?(v[\w.+-]+)/m.exec(configuration)?.[1];
}
