import { isEncrypted, parseEncryptionHeader } from './encryption-header.ts';
import { parseKey } from './keys.ts';
import { readKubeletVersion } from './versions.ts';
import { joinLastSeen, WellKnownObjects, type LastSeen } from './well-known.ts';

/** Entries of one resource that are encrypted at rest with one key. */
export interface EncryptedGroup {
  /** `secrets`; with its group where the key has it: `widgets.example.com`. */
  readonly resource: string;
  /** Where in etcd they lie: `/registry/secrets/`. */
  readonly keyPrefix: string;
  /** `aescbc`, `aesgcm`, `secretbox`, `kms`. */
  readonly provider: string;
  /** Of KMS the plugin's name. */
  readonly keyName: string;
  /** Entries in the key space, superseded ones included. */
  readonly count: number;
  /** The first such key. */
  readonly sample: string;
}

/** What {@link KubeCensus} found in one part of the key space; plain data. */
export interface KubeCensusResult {
  /** Entries under a prefix that Kubernetes uses. */
  readonly kubernetesEntries: number;
  readonly otherEntries: number;
  readonly encrypted: readonly EncryptedGroup[];
  readonly lastSeen: LastSeen;
  /** Of the nodes seen last, a few. */
  readonly kubeletVersions: readonly string[];
}

/** etcd's own default for a request is 1.5 MiB; a ClusterVersion has been seen with 100 KiB. */
const MAX_KEPT_BYTES = 1024 * 1024;
const MAX_NODES = 8;

const NODE = Buffer.from('minions/');

const SLASH = 0x2f;
const LETTER_C = 0x63;
const LETTER_K = 0x6b;
const LETTER_M = 0x6d;
const LETTER_N = 0x6e;
const LETTER_O = 0x6f;
const LETTER_R = 0x72;

interface GrowingGroup extends EncryptedGroup {
  count: number;
}

/**
 * Looks at every entry of a snapshot's key space once: which values are encrypted at rest and with which keys, and the
 * few objects that say which cluster this is. Fits the visitor of `snapshot`. An ordinary entry costs a few byte reads.
 */
export class KubeCensus {
  #kubernetesEntries = 0;
  #otherEntries = 0;
  readonly #groups = new Map<string, GrowingGroup>();
  /** The group counted last, and the bytes its keys and values begin with: mostly the next one's too. */
  #last: { readonly group: GrowingGroup; readonly key: Buffer; readonly header: Buffer } | undefined;
  readonly #wellKnown = new WellKnownObjects();
  readonly #nodes = new Map<string, Buffer>();

  /** See `EntryVisitor` of `snapshot`. */
  visit(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    _revision: number,
    tombstone: boolean,
  ): void {
    const path = pathStart(bytes, keyStart);
    if (path === -1) {
      this.#otherEntries++;
      return;
    }
    this.#kubernetesEntries++;
    const first = bytes[path];
    if (first === LETTER_N || first === LETTER_C || first === LETTER_M || first === LETTER_O)
      this.#remember(bytes, path, keyEnd, valueStart, valueEnd, tombstone);
    if (!tombstone && isEncrypted(bytes, valueStart, valueEnd))
      this.#count(bytes, keyStart, keyEnd, valueStart, valueEnd);
  }

  /** What was found. */
  result(): KubeCensusResult {
    return {
      kubernetesEntries: this.#kubernetesEntries,
      otherEntries: this.#otherEntries,
      encrypted: [...this.#groups.values()].map((group) => ({ ...group })),
      lastSeen: this.#wellKnown.lastSeen(),
      kubeletVersions: [...this.#nodes.values()].map(readKubeletVersion).filter((version) => version !== undefined),
    };
  }

  #remember(
    bytes: Buffer,
    path: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    tombstone: boolean,
  ): void {
    if (startsWith(bytes, path, keyEnd, NODE)) {
      const name = bytes.toString('latin1', path, keyEnd);
      this.#nodes.delete(name);
      const value = kept(bytes, valueStart, valueEnd, tombstone);
      if (value !== 'deleted') this.#nodes.set(name, value);
      const [oldest] = this.#nodes.keys();
      if (this.#nodes.size > MAX_NODES && oldest !== undefined) this.#nodes.delete(oldest);
      return;
    }
    const name = this.#wellKnown.nameOf(bytes, path, keyEnd);
    if (name !== undefined) this.#wellKnown.see(name, kept(bytes, valueStart, valueEnd, tombstone));
  }

  #count(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const last = this.#last;
    if (
      last !== undefined &&
      startsWith(bytes, keyStart, keyEnd, last.key) &&
      startsWith(bytes, valueStart, valueEnd, last.header)
    ) {
      last.group.count++;
      return;
    }
    const header = parseEncryptionHeader(bytes, valueStart, valueEnd);
    if (header === undefined) return;
    const sample = bytes.toString('utf8', keyStart, keyEnd);
    const key = parseKey(sample);
    const keyPrefix = key?.keyPrefix ?? sample;
    const resource = key === undefined ? sample : resourceName(key);
    const { provider, keyName } = header;
    const id = groupId({ keyPrefix, provider, keyName });
    const group = this.#groups.get(id) ?? { resource, keyPrefix, provider, keyName, count: 0, sample };
    group.count++;
    this.#groups.set(id, group);
    this.#last = { group, key: Buffer.from(keyPrefix), header: Buffer.from(bytes.subarray(valueStart, header.end)) };
  }
}

/** Joins the results of parts of one key space, given in the order of their revisions. */
export function joinCensus(results: readonly KubeCensusResult[]): KubeCensusResult {
  const groups = new Map<string, GrowingGroup>();
  for (const group of results.flatMap(({ encrypted }) => encrypted)) {
    const known = groups.get(groupId(group));
    if (known === undefined) groups.set(groupId(group), { ...group });
    else known.count += group.count;
  }
  return {
    kubernetesEntries: results.reduce((total, part) => total + part.kubernetesEntries, 0),
    otherEntries: results.reduce((total, part) => total + part.otherEntries, 0),
    encrypted: [...groups.values()],
    lastSeen: joinLastSeen(results.map(({ lastSeen }) => lastSeen)),
    kubeletVersions: results.flatMap(({ kubeletVersions }) => kubeletVersions).slice(-MAX_NODES),
  };
}

function groupId({ keyPrefix, provider, keyName }: Pick<EncryptedGroup, 'keyPrefix' | 'provider' | 'keyName'>): string {
  return JSON.stringify([keyPrefix, provider, keyName]);
}

function resourceName(key: { readonly group?: string; readonly resource: string }): string {
  return key.group === undefined ? key.resource : `${key.resource}.${key.group}`;
}

/** Where the path after `/registry/`, `/kubernetes.io/` or `/openshift.io/` begins; -1 for other keys. */
function pathStart(bytes: Buffer, start: number): number {
  if (bytes[start] !== SLASH) return -1;
  const letter = bytes[start + 1];
  if (letter === LETTER_R && bytes[start + 9] === SLASH) return start + 10;
  if (letter === LETTER_K && bytes[start + 14] === SLASH) return start + 15;
  if (letter === LETTER_O && bytes[start + 13] === SLASH) return start + 14;
  return -1;
}

function startsWith(bytes: Buffer, start: number, end: number, head: Buffer): boolean {
  const length = head.length;
  return (
    end - start >= length && bytes[start] === head[0] && bytes.compare(head, 0, length, start, start + length) === 0
  );
}

/** A copy, since the bytes are the walker's. A value too large to be what it should be counts as deleted. */
function kept(bytes: Buffer, start: number, end: number, tombstone: boolean): Buffer | 'deleted' {
  return tombstone || end - start > MAX_KEPT_BYTES ? 'deleted' : Buffer.from(bytes.subarray(start, end));
}
