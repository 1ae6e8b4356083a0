import { createHash } from 'node:crypto';
import { protobuf } from '../base/index.ts';
// eslint-disable-next-line no-restricted-imports -- for tests only, like the file it takes
import { makeBolt, type TestBucket, type TestFileOptions } from '../bolt/test-file.ts';

/** For tests only: a model of etcd's key space, and snapshots made from it. */

type Entries = readonly (readonly [Uint8Array, Uint8Array])[];

export function revisionKey(main: number | bigint, sub = 0, tombstone = false): Buffer {
  const key = Buffer.alloc(tombstone ? 18 : 17);
  key.writeBigUInt64BE(BigInt(main), 0);
  key.write('_', 8);
  key.writeBigUInt64BE(BigInt(sub), 9);
  if (tombstone) key.write('t', 17);
  return key;
}

const keyValueMessage = protobuf.message({
  key: protobuf.bytes(1),
  createRevision: protobuf.int64(2),
  modRevision: protobuf.int64(3),
  version: protobuf.int64(4),
  value: protobuf.bytes(5),
  lease: protobuf.int64(6),
});

export function encodeKeyValue(fields: Parameters<typeof keyValueMessage.encode>[0]): Uint8Array {
  return keyValueMessage.encode(fields);
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

interface Change {
  readonly main: number;
  readonly sub: number;
  readonly key: string;
  readonly tombstone: boolean;
  readonly createRevision: number;
  readonly version: number;
}

/** One change of a transaction; a transaction changes a key once, as etcd demands. */
export interface Operation {
  readonly key: string;
  readonly delete: boolean;
}

/** What etcd does with puts, deletes and compactions, in a Map and a list. Source: etcd server/storage/mvcc. */
export class EtcdModel {
  readonly live = new Map<string, { createRevision: number; version: number }>();
  revision = 1;
  scheduled: number | undefined;
  finished: number | undefined;
  #changes: Change[] = [];

  /** Does all operations in one revision; deleting what is not there changes nothing, as in etcd. */
  transact(operations: readonly Operation[]): void {
    const main = this.revision + 1;
    let sub = 0;
    for (const { key, delete: remove } of operations) {
      const before = this.live.get(key);
      if (remove && before === undefined) continue;
      const createRevision = before?.createRevision ?? main;
      const version = (before?.version ?? 0) + 1;
      this.#changes.push({ main, sub: sub++, key, tombstone: remove, createRevision, version });
      if (remove) this.live.delete(key);
      else this.live.set(key, { createRevision, version });
    }
    if (sub > 0) this.revision = main;
  }

  /**
   * Compacts at a revision.
   *
   * @param keepsTombstones - whether deletes of that very revision stay, as they do since etcd 3.5.16 at the latest
   * @param removals - stop after so many, as a snapshot taken meanwhile would find it
   */
  compact(revision: number, keepsTombstones: boolean, removals = Infinity): void {
    const newest = new Map<string, Change>();
    for (const change of this.#changes) if (change.main <= revision) newest.set(change.key, change);
    let removed = 0;
    this.#changes = this.#changes.filter((change) => {
      if (change.main > revision) return true;
      const stays =
        newest.get(change.key) === change && (!change.tombstone || (keepsTombstones && change.main === revision));
      return stays || ++removed > removals;
    });
    this.scheduled = revision;
    if (removals === Infinity) this.finished = revision;
  }

  get entries(): Entries {
    return this.#changes.map(({ main, sub, key, tombstone, createRevision, version }) => {
      const fields = { createRevision: BigInt(createRevision), modRevision: BigInt(main), version: BigInt(version) };
      const value = Buffer.from(`value of ${key} at ${main}`);
      const encoded = encodeKeyValue({ key: Buffer.from(key), ...(tombstone ? {} : { ...fields, value }) });
      return [revisionKey(main, sub, tombstone), encoded] as const;
    });
  }

  get meta(): Entries {
    const entries: [Uint8Array, Uint8Array][] = [[Buffer.from('consistent_index'), uint64(7n)]];
    if (this.scheduled !== undefined) entries.push([Buffer.from('scheduledCompactRev'), revisionKey(this.scheduled)]);
    if (this.finished !== undefined) entries.push([Buffer.from('finishedCompactRev'), revisionKey(this.finished)]);
    return entries;
  }
}

export interface TestSnapshotOptions extends TestFileOptions {
  readonly key?: Entries;
  /** Default: a consistent index. */
  readonly meta?: Entries;
  /** More buckets, or others in the place of the usual ones; undefined leaves one out. */
  readonly buckets?: Readonly<Record<string, TestBucket | undefined>>;
  /** Whether to end in the SHA-256. Default: true. */
  readonly trailer?: boolean;
}

const USUAL = ['alarm', 'auth', 'authRoles', 'authUsers', 'cluster', 'lease', 'members', 'members_removed'];

/** A snapshot as etcd would send it. */
export function makeSnapshot(options: TestSnapshotOptions = {}): Buffer {
  const meta = options.meta ?? new EtcdModel().meta;
  const all: Readonly<Record<string, TestBucket | undefined>> = {
    ...Object.fromEntries(USUAL.map((name) => [name, { inline: true }])),
    key: { entries: options.key ?? [] },
    meta: { inline: true, entries: meta },
    ...options.buckets,
  };
  const buckets: Record<string, TestBucket> = {};
  for (const [name, bucket] of Object.entries(all)) if (bucket !== undefined) buckets[name] = bucket;
  const { bytes } = makeBolt(buckets, options);
  return options.trailer === false ? bytes : withTrailer(bytes);
}

export function withTrailer(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, createHash('sha256').update(bytes).digest()]);
}
