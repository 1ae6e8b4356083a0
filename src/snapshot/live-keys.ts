import type { KeySpaceCounts } from './key-space.ts';
import type { EntryVisitor } from './visitor.ts';

/**
 * How many keys live, from counts alone, where that can be known: undefined while a compaction is unfinished, or where
 * the counts contradict a finished one.
 *
 * A finished compaction at revision C leaves, of what happened up to C, exactly one put of each key that lived at C
 * (and, since etcd 3.5.21 and 3.6, tombstones of revision C itself). Above C nothing is missing: a put has version 1
 * if and only if its key did not live before it, and a tombstone is only ever written for a key that lives. So the
 * number of live keys is those at C, plus births, minus deaths. Sources: etcd server/storage/mvcc/key_index.go
 * (doCompact, tombstone), kvstore_txn.go (put, deleteRange), kvstore_compaction.go.
 */
export function liveKeysFromCounts(counts: KeySpaceCounts, compactionSettled: boolean): number | undefined {
  const live = counts.putsCompacted + counts.births - counts.deaths;
  return compactionSettled && counts.tombstonesCompacted === 0 && live >= 0 ? live : undefined;
}

/** Keys that one pass of {@link LiveKeyCounter} keeps in memory: 36 MiB. */
const KEYS_PER_PASS = 2 ** 21;

/** How many passes over the key space count at most `entries` keys in bounded memory. */
export function passesFor(entries: number, keysPerPass: number = KEYS_PER_PASS): number {
  return Math.max(1, Math.ceil(entries / keysPerPass));
}

const EMPTY = 0;
const DEAD = 1;
const LIVE = 2;

/**
 * Counts live keys by remembering each key's last fate, by its 64-bit hash. Exact unless two keys share a hash, which
 * among ten million keys has a chance of one in 400,000. Keys are split over passes by their hash.
 */
export class LiveKeyCounter implements EntryVisitor<number> {
  readonly #pass: number;
  readonly #passes: number;
  #used = 0;
  #live = 0;
  #mask: number;
  #low: Uint32Array;
  #high: Uint32Array;
  #fate: Uint8Array;

  constructor(pass: number, passes: number, expectedKeys = 1024) {
    this.#pass = pass;
    this.#passes = passes;
    const slots = 2 ** Math.ceil(Math.log2(Math.max(1024, Math.min(expectedKeys, KEYS_PER_PASS)) * 1.5));
    this.#mask = slots - 1;
    this.#low = new Uint32Array(slots);
    this.#high = new Uint32Array(slots);
    this.#fate = new Uint8Array(slots);
  }

  visit(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    _valueStart: number,
    _valueEnd: number,
    _revision: number,
    tombstone: boolean,
  ): void {
    let low = 0x811c_9dc5;
    let high = 0x9747_b28c;
    for (let at = keyStart; at < keyEnd; at++) {
      const byte = bytes[at] ?? 0;
      low = Math.imul(low ^ byte, 0x0100_0193);
      high = Math.imul(high ^ byte, 0x5bd1_e995);
      high ^= high >>> 15;
    }
    low = mix(low ^ (keyEnd - keyStart));
    high = mix(high);
    if (high % this.#passes !== this.#pass) return;
    this.#remember(low, high, tombstone ? DEAD : LIVE);
  }

  result(): number {
    return this.#live;
  }

  #remember(low: number, high: number, fate: number): void {
    let slot = low & this.#mask;
    while (this.#fate[slot] !== EMPTY && (this.#low[slot] !== low || this.#high[slot] !== high)) {
      slot = (slot + 1) & this.#mask;
    }
    const before = this.#fate[slot];
    this.#low[slot] = low;
    this.#high[slot] = high;
    this.#fate[slot] = fate;
    if (before === EMPTY) this.#used++;
    if (before === LIVE) this.#live--;
    if (fate === LIVE) this.#live++;
    if (this.#used * 4 > this.#mask * 3) this.#grow();
  }

  #grow(): void {
    const [low, high, fate] = [this.#low, this.#high, this.#fate];
    const slots = low.length * 2;
    this.#mask = slots - 1;
    this.#low = new Uint32Array(slots);
    this.#high = new Uint32Array(slots);
    this.#fate = new Uint8Array(slots);
    this.#used = 0;
    this.#live = 0;
    for (let slot = 0; slot < fate.length; slot++) {
      const kept = fate[slot] ?? EMPTY;
      if (kept !== EMPTY) this.#remember(low[slot] ?? 0, high[slot] ?? 0, kept);
    }
  }
}

/** The finishing steps of murmur3, so that every bit of the hash depends on every bit of the key. */
function mix(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
