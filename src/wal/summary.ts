import { formatId, messageOf, type Finding } from '../base/index.ts';
import { finding } from './findings.ts';
import { decodeSegmentName } from './file-names.ts';
import {
  confChange,
  ENTRY_TYPES,
  type ConfChange,
  type HardState,
  type MemberIdentity,
  type RaftEntry,
  type WalSnapshot,
} from './raft-messages.ts';
import { WalReader, type WalEnd, type WalReaderOptions, type WalRecord } from './reader.ts';
import type { WalSegment } from './segment-bytes.ts';

/** A change of the membership and where it stands in the raft log. */
export interface LoggedConfChange {
  readonly index: bigint;
  readonly term: bigint;
  readonly change: ConfChange;
}

/** What a log says of the member that wrote it. */
export interface WalSummary {
  /** Undefined if the log does not say. */
  readonly identity: MemberIdentity | undefined;
  /** The last one; all zeros if there is none. */
  readonly hardState: HardState;
  /** Index and term of the last entry, committed or not; 0 if there is none. */
  readonly lastIndex: bigint;
  readonly lastTerm: bigint;
  /** How many entries with data (requests, not membership changes) follow the index asked for and are committed. */
  readonly requests: number;
  /** Likewise, how many are in the log but were not known to be committed. */
  readonly uncommittedRequests: number;
  /** The changes of the membership after the index asked for, committed or not, in order. */
  readonly confChanges: readonly LoggedConfChange[];
  /** Raft snapshots that count: those up to the last committed entry (wal.ValidSnapshotEntries). */
  readonly snapshots: readonly WalSnapshot[];
  readonly end: WalEnd;
  readonly findings: readonly Finding[];
}

export interface SummaryOptions extends WalReaderOptions {
  /** Entries up to this index do not interest; the database's consistent index, say. Default: 0. */
  readonly after?: bigint | undefined;
}

/**
 * Reads a log and sums it up. Damage becomes findings; what precedes it counts.
 *
 * @param segments - the whole log or its end, in order
 * @throws WalError `WAL_READ_FAILED` if the system cannot read; the signal's reason if it aborts
 */
export function summarizeWal(segments: readonly WalSegment[], options: SummaryOptions = {}): WalSummary {
  const summary = new Summary(options.after ?? 0n);
  const reader = new WalReader(segments, options);
  const gaps = sequenceGaps(segments);
  if (gaps.length === 0) for (const record of reader.records()) summary.add(record);
  return summary.finish(reader.end, [...gaps, ...reader.findings]);
}

/** etcd starts from no log with a gap (wal.isValidSeq). */
function sequenceGaps(segments: readonly WalSegment[]): readonly Finding[] {
  const sequences = segments.map(({ name }) => ({ name, sequence: decodeSegmentName(name)?.sequence }));
  return sequences.slice(1).flatMap(({ name, sequence }, index) => {
    const before = sequences[index];
    if (before?.sequence === undefined || sequence === before.sequence + 1n) return [];
    const message = `no segment lies between ${before.name} and ${name}`;
    const hint = 'etcd does not start from a log with a gap. Restore the member from a backup.';
    return [finding('error', 'WAL_SEGMENT_MISSING', name, message, hint)];
  });
}

class Summary {
  readonly #after: bigint;
  readonly #findings: Finding[] = [];
  readonly #snapshots: WalSnapshot[] = [];
  #identity: MemberIdentity | undefined;
  #hardState: HardState = { term: 0n, vote: 0n, commit: 0n };
  #lastIndex = 0n;
  #lastTerm = 0n;
  /** Indexes of requests after `after`, ascending. */
  #requests: bigint[] = [];
  #confChanges: LoggedConfChange[] = [];

  constructor(after: bigint) {
    this.#after = after;
  }

  add(record: WalRecord): void {
    if (record.kind === 'metadata') this.#identify(record.identity, record.segment);
    else if (record.kind === 'state') this.#hardState = record.state;
    else if (record.kind === 'entry') this.#append(record.entry, `${record.segment} at ${record.offset}`);
    else if (record.kind === 'snapshot') this.#mark(record.snapshot);
  }

  finish(end: WalEnd, findings: readonly Finding[]): WalSummary {
    const { commit } = this.#hardState;
    if (end.state !== 'damaged' && findings.length === 0) this.#judge(end.segment);
    const requests = this.#requests.filter((index) => index <= commit).length;
    return {
      identity: this.#identity,
      hardState: this.#hardState,
      lastIndex: this.#lastIndex,
      lastTerm: this.#lastTerm,
      requests,
      uncommittedRequests: this.#requests.length - requests,
      confChanges: this.#confChanges,
      snapshots: this.#snapshots.filter(({ index }) => index <= commit),
      end,
      findings: [...findings, ...this.#findings],
    };
  }

  #judge(segment: string): void {
    const { commit } = this.#hardState;
    if (this.#identity === undefined) {
      const message = 'the log does not say whose it is: it has no metadata record';
      this.#findings.push(finding('error', 'WAL_IDENTITY_MISSING', segment, message));
    }
    if (commit > this.#lastIndex) {
      const message = `entry ${commit} is committed, but the log ends with entry ${this.#lastIndex}`;
      this.#findings.push(finding('error', 'WAL_COMMIT_BEYOND_END', segment, message));
    }
  }

  #identify(identity: MemberIdentity, segment: string): void {
    const known = this.#identity;
    this.#identity = known ?? identity;
    if (known === undefined) return;
    if (known.memberId === identity.memberId && known.clusterId === identity.clusterId) return;
    const name = (of: MemberIdentity): string => `member ${formatId(of.memberId)} of cluster ${formatId(of.clusterId)}`;
    const message = `${segment} belongs to ${name(identity)}, the segments before it to ${name(known)}`;
    this.#findings.push(finding('error', 'WAL_IDENTITY_CONFLICT', segment, message));
  }

  /** An entry replaces all of its index and above: they were never committed (wal.ReadAll). */
  #append(entry: RaftEntry, where: string): void {
    const { index, term, type, data } = entry;
    if (this.#lastIndex !== 0n && index > this.#lastIndex + 1n && index > this.#after + 1n) {
      const message = `entry ${index} follows entry ${this.#lastIndex}; those between them are missing`;
      this.#findings.push(finding('error', 'WAL_ENTRY_GAP', where, message));
    }
    if (index <= this.#lastIndex) this.#truncate(index);
    this.#lastIndex = index;
    this.#lastTerm = term;
    if (index <= this.#after) return;
    if (type === ENTRY_TYPES.confChange) this.#changeMembers(index, term, data, where);
    else if (type === ENTRY_TYPES.normal && data.length > 0) this.#requests.push(index);
  }

  #truncate(index: bigint): void {
    while ((this.#requests.at(-1) ?? -1n) >= index) this.#requests.pop();
    while ((this.#confChanges.at(-1)?.index ?? -1n) >= index) this.#confChanges.pop();
  }

  #changeMembers(index: bigint, term: bigint, data: Uint8Array, where: string): void {
    try {
      const change = confChange.decode(data);
      this.#confChanges.push({ index, term, change: { ...change, context: Uint8Array.from(change.context) } });
    } catch (error) {
      const message = `the membership change of entry ${index} cannot be decoded: ${messageOf(error)}`;
      this.#findings.push(finding('error', 'WAL_RECORD_DAMAGED', where, message));
    }
  }

  /** A snapshot that a leader sent replaces the log up to its index. */
  #mark(snapshot: WalSnapshot): void {
    this.#snapshots.push(snapshot);
    if (snapshot.index <= this.#lastIndex) return;
    this.#lastIndex = snapshot.index;
    this.#lastTerm = snapshot.term;
  }
}
