import type { CallOptions } from './config.ts';
import type { Caller } from './caller.ts';
import { compactMethod, deleteRangeMethod, putMethod, rangeMethod, txnMethod, type KeyValue } from './rpc/kv.ts';

export interface RangeOptions extends CallOptions {
  /** The first key that is left out; without it, the one key only. See {@link prefixEnd}. */
  readonly rangeEnd?: Uint8Array;
  readonly limit?: bigint;
  /** The revision to read at; the newest where it is not given. */
  readonly revision?: bigint;
  /** Answered by the member alone, maybe stale: works without quorum. */
  readonly serializable?: boolean;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: bigint;
  readonly revision: bigint;
}

/** One write of a transaction. */
export type Write =
  | { readonly put: { readonly key: Uint8Array; readonly value: Uint8Array } }
  | { readonly deleteRange: { readonly key: Uint8Array; readonly rangeEnd?: Uint8Array } };

/** The key space of a cluster. Revisions that come back are those right after the request. */
export class Kv {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async range(key: Uint8Array, options: RangeOptions = {}): Promise<RangeResult> {
    const { rangeEnd, limit, revision, serializable, keysOnly, countOnly } = options;
    const answer = await this.#caller.call(
      rangeMethod,
      {
        key,
        ...(rangeEnd && { rangeEnd }),
        ...(limit !== undefined && { limit }),
        ...(revision !== undefined && { revision }),
        serializable: serializable ?? false,
        keysOnly: keysOnly ?? false,
        countOnly: countOnly ?? false,
      },
      'reading keys',
      options,
    );
    return { kvs: answer.kvs, more: answer.more, count: answer.count, revision: answer.header?.revision ?? 0n };
  }

  async put(key: Uint8Array, value: Uint8Array, options: CallOptions = {}): Promise<bigint> {
    const answer = await this.#caller.call(putMethod, { key, value }, 'writing a key', options);
    return answer.header?.revision ?? 0n;
  }

  /** Does all writes in one revision, without conditions. etcd takes 128 of them by default. */
  async txn(writes: readonly Write[], options: CallOptions = {}): Promise<bigint> {
    const success = writes.map((write) =>
      'put' in write
        ? { put: { ...write.put, lease: 0n }, deleteRange: undefined }
        : { put: undefined, deleteRange: { key: write.deleteRange.key, rangeEnd: write.deleteRange.rangeEnd ?? NONE } },
    );
    const answer = await this.#caller.call(txnMethod, { success }, 'writing keys', options);
    return answer.header?.revision ?? 0n;
  }

  /** @returns how many keys went */
  async deleteRange(key: Uint8Array, options: CallOptions & { readonly rangeEnd?: Uint8Array } = {}): Promise<bigint> {
    const request = { key, rangeEnd: options.rangeEnd ?? NONE };
    return (await this.#caller.call(deleteRangeMethod, request, 'deleting keys', options)).deleted;
  }

  /** Drops what was overwritten or deleted before `revision`, and waits until it is gone from the database. */
  async compact(revision: bigint, options: CallOptions = {}): Promise<void> {
    await this.#caller.call(compactMethod, { revision, physical: true }, 'compacting', options);
  }
}

const NONE = new Uint8Array(0);

/** The end of the range that holds every key with this prefix: etcd client/v3/op.go, `GetPrefixRangeEnd`. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return Uint8Array.of(0); // "from the key to the end of all keys"
  const end = prefix.slice(0, last + 1);
  end[last] = (end[last] ?? 0) + 1;
  return end;
}
