import type { Finding, Severity } from '../base/index.ts';

/** What can be wrong with, or worth knowing about, a member's write-ahead log, by code. */
export const walFindings = {
  WAL_TAIL_TORN: 'The last record was half written when the machine stopped; etcd cuts it off when it starts.',
  WAL_RECORD_DAMAGED: 'A record cannot be decoded.',
  WAL_RECORD_CHECKSUM: 'A record does not match its checksum.',
  WAL_RECORD_UNKNOWN: 'A record is of a type that no etcd writes.',
  WAL_CHAIN_BROKEN: 'A segment does not continue the checksum of the one before it.',
  WAL_SEGMENT_MISSING: 'A segment is missing between two others.',
  WAL_IDENTITY_CONFLICT: 'The segments belong to different members or clusters.',
  WAL_IDENTITY_MISSING: 'The log does not say which member and cluster it belongs to.',
  WAL_ENTRY_GAP: 'Raft entries are missing between two others.',
  WAL_COMMIT_BEYOND_END: 'The log ends before the last entry that it says is committed.',
} as const;

export type WalFindingCode = keyof typeof walFindings;

export function finding(
  severity: Severity,
  code: WalFindingCode,
  where: string,
  message: string,
  hint?: string,
): Finding {
  return { severity, code, where, message, ...(hint === undefined ? {} : { hint }) };
}
