import { protobuf } from '../../src/base/index.ts';

/**
 * The few fields of Kubernetes' objects that make a value in etcd look like one. Field numbers are those of
 * k8s.io/api and k8s.io/apimachinery, generated.proto.
 */
const { bytes, int32, int64, message, nested, repeated, repeatedString, string } = protobuf;

const entry = message({ key: string(1), value: string(2) });
const binaryEntry = message({ key: string(1), value: bytes(2) });
const time = message({ seconds: int64(1) });
const typeMeta = message({ apiVersion: string(1), kind: string(2) });

export const objectMeta = message({
  name: string(1),
  namespace: string(3),
  uid: string(5),
  generation: int64(7),
  creationTimestamp: nested(8, time),
  labels: repeated(11, entry),
  annotations: repeated(12, entry),
});
export type ObjectMeta = protobuf.MessageOf<typeof objectMeta>;

const meta = nested(1, objectMeta);

export const namespace = message({
  metadata: meta,
  spec: nested(2, message({ finalizers: repeatedString(1) })),
  status: nested(3, message({ phase: string(1) })),
});
export const secret = message({ metadata: meta, data: repeated(2, binaryEntry), type: string(3) });
export const configMap = message({ metadata: meta, data: repeated(2, entry) });
const container = message({ name: string(1), image: string(2), command: repeatedString(3), args: repeatedString(4) });
const podSpec = message({ containers: repeated(2, container), restartPolicy: string(3), nodeName: string(10) });
export const pod = message({
  metadata: meta,
  spec: nested(2, podSpec),
  status: nested(3, message({ phase: string(1), message: string(3), hostIP: string(5), podIP: string(6) })),
});
export const deployment = message({
  metadata: meta,
  spec: nested(
    2,
    message({
      replicas: int32(1),
      selector: nested(2, message({ matchLabels: repeated(1, entry) })),
      template: nested(3, message({ metadata: meta, spec: nested(2, podSpec) })),
    }),
  ),
  status: nested(3, message({ observedGeneration: int64(1), replicas: int32(2) })),
});
export const event = message({
  metadata: meta,
  involvedObject: nested(2, message({ kind: string(1), namespace: string(2), name: string(3) })),
  reason: string(3),
  message: string(4),
  count: int32(8),
  type: string(9),
});
export const lease = message({
  metadata: meta,
  spec: nested(2, message({ holderIdentity: string(1), leaseDurationSeconds: int32(2) })),
});
/** What stands for any other object: its metadata. */
export const anyObject = message({ metadata: meta });

const unknown = message({
  typeMeta: nested(1, typeMeta),
  raw: bytes(2),
  contentEncoding: string(3),
  contentType: string(4),
});

/** An object's message as the API server stores it: `k8s\0`, then a runtime.Unknown around it. */
export function envelope(apiVersion: string, kind: string, raw: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('k8s\0'), unknown.encode({ typeMeta: { apiVersion, kind }, raw })]);
}

/** k8s.io/kms, v2 EncryptedObject. */
export const encryptedObject = message({ encryptedData: bytes(1), keyID: string(2), encryptedDEKSource: bytes(3) });
