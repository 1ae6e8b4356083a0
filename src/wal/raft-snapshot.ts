import { crc32c, messageOf } from '../base/index.ts';
import { WalError } from './errors.ts';
import { raftSnapshot, snapEnvelope, type RaftConfState } from './raft-messages.ts';

/** What a `.snap` file holds: the state of the v2 store at one point of the raft log. */
export interface RaftSnapshot {
  readonly index: bigint;
  readonly term: bigint;
  readonly confState: RaftConfState;
  /** The v2 store as JSON: the membership, for etcd up to 3.5, which does not read it from the database. */
  readonly data: Uint8Array;
}

const NOBODY: RaftConfState = { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

/** The bytes of a `.snap` file. Source: etcd server/etcdserver/api/snap/snapshotter.go. */
export function encodeRaftSnapshot(snapshot: RaftSnapshot): Uint8Array {
  const { index, term, confState, data } = snapshot;
  const content = raftSnapshot.encode({ data, metadata: { index, term, confState } });
  return snapEnvelope.encode({ crc: crc32c(content), data: content });
}

/**
 * @param name - the file's name, for the error
 * @throws WalError `WAL_SNAPSHOT_MALFORMED` for what etcd would rename to `.broken`
 */
export function decodeRaftSnapshot(bytes: Uint8Array, name: string): RaftSnapshot {
  try {
    const { crc, data } = snapEnvelope.decode(bytes);
    if (data.length === 0 || crc === 0) throw malformed(name, 'it is empty');
    if (crc32c(data) !== crc) throw malformed(name, 'it does not match its checksum');
    const snapshot = raftSnapshot.decode(data);
    const { index = 0n, term = 0n, confState = NOBODY } = snapshot.metadata ?? {};
    return { index, term, confState, data: snapshot.data };
  } catch (error) {
    if (error instanceof WalError) throw error;
    throw malformed(name, messageOf(error), error);
  }
}

function malformed(name: string, problem: string, cause?: unknown): WalError {
  return new WalError('WAL_SNAPSHOT_MALFORMED', `the raft snapshot ${name} cannot be used: ${problem}`, {
    hint: 'etcd sets such a file aside and uses the one before it; without any, restore the member from a backup.',
    subject: name,
    cause,
  });
}
