/**
 * The head of a value that is encrypted at rest: `k8s:enc:<provider>:v1:<key name>:`, then the provider's bytes. Of KMS
 * the name is the plugin's, and the version v1 or v2; v2's bytes are a protobuf message that names the plugin's key.
 * (kubernetes: staging/src/k8s.io/apiserver/pkg/server/options/encryptionconfig/config.go)
 */
export interface EncryptionHeader {
  /** `aescbc`, `aesgcm`, `secretbox`, `kms`. */
  readonly provider: string;
  /** `v1`, for KMS also `v2`. */
  readonly version: string;
  /** Of KMS the plugin's name. A name may hold a colon, which nothing tells from the end: then it is its first part. */
  readonly keyName: string;
  /** Where the provider's own bytes begin. */
  readonly end: number;
}

/** No provider's head is longer: names are at most 253 characters. */
const LONGEST_HEADER = 320;
const COLON = 0x3a;
/** `k8s:` and `enc:` as little-endian numbers. */
const K8S_COLON = 0x3a73386b;
const ENC_COLON = 0x3a636e65;
const ENCRYPTED_MAGIC_LENGTH = 8;

/** Whether a value is encrypted at rest: two reads, no allocation. */
export function isEncrypted(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start > ENCRYPTED_MAGIC_LENGTH &&
    // One byte decides nearly always: a protobuf value has 0 here, JSON a letter.
    bytes[start + 3] === COLON &&
    bytes.readInt32LE(start) === K8S_COLON &&
    bytes.readInt32LE(start + 4) === ENC_COLON
  );
}

/** Reads the head of a value; undefined where it is not encrypted at rest or its head is not whole. */
export function parseEncryptionHeader(
  bytes: Buffer,
  start = 0,
  end: number = bytes.length,
): EncryptionHeader | undefined {
  if (!isEncrypted(bytes, start, end)) return undefined;
  const limit = Math.min(end, start + LONGEST_HEADER);
  const fields: string[] = [];
  let at = start + ENCRYPTED_MAGIC_LENGTH;
  while (fields.length < 3) {
    const colon = bytes.indexOf(COLON, at);
    if (colon === -1 || colon >= limit) return undefined;
    fields.push(bytes.toString('utf8', at, colon));
    at = colon + 1;
  }
  const [provider = '', version = '', keyName = ''] = fields;
  return { provider, version, keyName, end: at };
}
