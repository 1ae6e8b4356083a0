import { ENTRY_WORDS, BUCKET_FLAG, type FindingList, type LeafEntries } from '../bolt/index.ts';
import { finding, type SnapshotFindingCode } from './findings.ts';
import { KeyValueReader } from './key-value.ts';
import type { EntryVisitor } from './visitor.ts';

/** A revision of the key space: the transaction's number, and the change's place in it. */
export interface Revision {
  readonly main: number;
  readonly sub: number;
}

/** What one part of the key space holds. Plain data. */
export interface KeySpaceCounts {
  /** Revisions that put a key. */
  readonly puts: number;
  /** Revisions that deleted one. */
  readonly tombstones: number;
  /** Puts at or below the compacted revision. */
  readonly putsCompacted: number;
  /** Tombstones below the compacted revision, of which a finished compaction leaves none. */
  readonly tombstonesCompacted: number;
  /** Puts above the compacted revision that made a key anew (version 1). */
  readonly births: number;
  /** Tombstones above the compacted revision. */
  readonly deaths: number;
  /** Undefined where the part holds no entry with a well-formed revision. */
  readonly first: Revision | undefined;
  readonly last: Revision | undefined;
}

/** etcd's revision keys: main, `_`, sub, and `t` for a tombstone. Source: etcd server/storage/mvcc/revision.go. */
const REVISION_SIZE = 17;
const TOMBSTONE_SIZE = 18;
const SEPARATOR = 0x5f;
const TOMBSTONE_MARK = 0x74;
/** The upper 32 bits of 2^53. */
const UPPER_LIMIT = 0x20_0000;

/** Reads the "key" bucket's entries: checks that they make sense to etcd, counts them, and shows them to a visitor. */
export class KeySpaceReader {
  readonly #findings: FindingList;
  readonly #visitor: EntryVisitor<unknown> | undefined;
  readonly #compacted: number;
  readonly #value = new KeyValueReader();
  #puts = 0;
  #tombstones = 0;
  #putsCompacted = 0;
  #tombstonesCompacted = 0;
  #births = 0;
  #deaths = 0;
  #first: Revision | undefined;
  #lastMain = -1;
  #lastSub = -1;

  /** @param compacted - the revision up to which the key space is compacted; 0 if it never was */
  constructor(findings: FindingList, compacted: number, visitor: EntryVisitor<unknown> | undefined) {
    this.#findings = findings;
    this.#compacted = compacted;
    this.#visitor = visitor;
  }

  get counts(): KeySpaceCounts {
    return {
      puts: this.#puts,
      tombstones: this.#tombstones,
      putsCompacted: this.#putsCompacted,
      tombstonesCompacted: this.#tombstonesCompacted,
      births: this.#births,
      deaths: this.#deaths,
      first: this.#first,
      last: this.#lastMain < 0 ? undefined : { main: this.#lastMain, sub: this.#lastSub },
    };
  }

  readonly readLeaf = (entries: LeafEntries): void => {
    const { view, offsets, count } = entries;
    for (let word = 0; word < count * ENTRY_WORDS; word += ENTRY_WORDS) {
      const start = offsets[word] ?? 0;
      const end = offsets[word + 1] ?? 0;
      const valueEnd = offsets[word + 2] ?? 0;
      if (((offsets[word + 3] ?? 0) & BUCKET_FLAG) !== 0) continue;
      const size = end - start;
      if (
        (size !== REVISION_SIZE && (size !== TOMBSTONE_SIZE || view.getUint8(end - 1) !== TOMBSTONE_MARK)) ||
        view.getUint8(start + 8) !== SEPARATOR
      ) {
        this.#report('SNAPSHOT_REVISION_MALFORMED', entries, word, `is no revision (${size} bytes)`);
        continue;
      }
      this.#readEntry(entries, word, start, end, valueEnd, size === TOMBSTONE_SIZE);
    }
  };

  #readEntry(
    entries: LeafEntries,
    word: number,
    start: number,
    valueStart: number,
    valueEnd: number,
    tombstone: boolean,
  ): void {
    const { view } = entries;
    const upperMain = view.getUint32(start);
    const upperSub = view.getUint32(start + 9);
    const main = upperMain * 0x1_0000_0000 + view.getUint32(start + 4);
    const sub = upperSub * 0x1_0000_0000 + view.getUint32(start + 13);
    if (upperMain >= UPPER_LIMIT || upperSub >= UPPER_LIMIT || main === 0) {
      const code = main === 0 ? 'SNAPSHOT_REVISION_MALFORMED' : 'SNAPSHOT_REVISION_TOO_LARGE';
      this.#report(code, entries, word, main === 0 ? 'has revision 0' : 'has a revision that no cluster reaches');
    }
    if (main < this.#lastMain || (main === this.#lastMain && sub <= this.#lastSub)) {
      this.#report('SNAPSHOT_REVISION_ORDER', entries, word, `has revision ${main}/${sub} again or too late`);
    }
    this.#first ??= { main, sub };
    this.#lastMain = main;
    this.#lastSub = sub;
    const value = this.#value;
    if (!value.read(view, valueStart, valueEnd)) {
      this.#report('SNAPSHOT_VALUE_MALFORMED', entries, word, 'holds no key-value message');
      this.#count(main, tombstone, value.version);
      return;
    }
    if (
      value.keyEnd === value.keyStart ||
      (tombstone
        ? value.modRevision !== 0 && value.modRevision !== main
        : value.modRevision !== main ||
          value.version < 1 ||
          value.version > main ||
          value.createRevision < 1 ||
          value.createRevision > main ||
          (value.version === 1 && value.createRevision !== main))
    ) {
      if (valueEnd === valueStart) {
        this.#noteBumpMark(entries, main);
        return;
      }
      this.#judgeOddValue(entries, word, main);
    }
    this.#count(main, tombstone, value.version);
    this.#visitor?.visit(
      entries.bytes,
      value.keyStart,
      value.keyEnd,
      value.valueStart,
      value.valueEnd,
      main,
      tombstone,
    );
  }

  #count(main: number, tombstone: boolean, version: number): void {
    if (tombstone) {
      this.#tombstones++;
      if (main > this.#compacted) this.#deaths++;
      else if (main < this.#compacted) this.#tombstonesCompacted++;
    } else {
      this.#puts++;
      if (main <= this.#compacted) this.#putsCompacted++;
      else if (version === 1) this.#births++;
    }
  }

  /**
   * The empty value that a restore with `--bump-revision` writes under the raised revision (etcdutl/snapshot/v3_snapshot.go,
   * unsafeBumpBucketsRevision). It is no key that a client could read.
   */
  #noteBumpMark(entries: LeafEntries, main: number): void {
    const message = `revision ${main} is the mark of a restore with --bump-revision`;
    this.#findings.add(finding('note', 'SNAPSHOT_REVISION_BUMP', `page ${entries.page}`, message));
  }

  /** A value that contradicts its revision. */
  #judgeOddValue(entries: LeafEntries, word: number, main: number): void {
    const { keyStart, keyEnd, modRevision, createRevision, version } = this.#value;
    const what =
      keyStart === keyEnd
        ? 'has an empty key'
        : `says mod_revision ${modRevision}, create_revision ${createRevision}, version ${version}`;
    this.#report('SNAPSHOT_VALUE_INCONSISTENT', entries, word, `(revision ${main}) ${what}`);
  }

  #report(code: SnapshotFindingCode, entries: LeafEntries, word: number, what: string): void {
    const where = entries.page === 0 ? 'bucket "key"' : `page ${entries.page}`;
    this.#findings.add(finding('error', code, where, `entry ${word / ENTRY_WORDS} of ${where} ${what}`));
  }
}
