export { RecordEncoder } from './encoder.ts';
export { WalError, walErrors } from './errors.ts';
export {
  decodeRaftSnapshotName,
  decodeSegmentName,
  encodeRaftSnapshotName,
  encodeSegmentName,
  type RaftSnapshotName,
  type SegmentName,
} from './file-names.ts';
export { walFindings, type WalFindingCode } from './findings.ts';
export {
  createRaftSnapshot,
  createWal,
  listRaftSnapshots,
  openWal,
  SEGMENT_BYTES,
  summarizeWalFolder,
  type OpenWal,
} from './folder.ts';
export {
  CONF_CHANGE_TYPES,
  confChange,
  ENTRY_TYPES,
  memberIdentity,
  raftConfState,
  type ConfChange,
  type HardState,
  type MemberIdentity,
  type RaftConfState,
  type RaftEntry,
  type WalSnapshot,
} from './raft-messages.ts';
export { decodeRaftSnapshot, encodeRaftSnapshot, type RaftSnapshot } from './raft-snapshot.ts';
export { type RecordBody } from './record.ts';
export { WalReader, type WalEnd, type WalReaderOptions, type WalRecord } from './reader.ts';
export { type WalSegment } from './segment-bytes.ts';
export { summarizeWal, type LoggedConfChange, type SummaryOptions, type WalSummary } from './summary.ts';
