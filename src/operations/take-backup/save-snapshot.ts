import type { Manifest } from '../../backup/index.ts';
import { HoldfastError, type PartFile } from '../../base/index.ts';
import {
  connectMember,
  EtcdError,
  streamSnapshot,
  type ClusterMember,
  type EtcdConfig,
  type SnapshotCandidate,
} from '../../etcd/index.ts';
import type { TrailerReport } from '../../snapshot/index.ts';
import { OperationError } from '../errors.ts';
import { createPartFile, SnapshotSpool } from './snapshot-spool.ts';
import type { Surroundings } from '../surroundings.ts';

/** A snapshot as it came: on the disk under its `.part` name, and equal to the checksum that etcd sent behind it. */
export interface SavedSnapshot {
  readonly file: PartFile;
  /** Where it came from, for people: an endpoint, a data directory. */
  readonly from: string;
  readonly member: Manifest['member'];
  readonly etcd: Manifest['etcd'];
  /** Bytes in the file, the checksum's 32 included. */
  readonly size: number;
  /** SHA-256 of the whole file, hexadecimal. */
  readonly sha256: string;
  /** SHA-256 of the database, hexadecimal: the one that etcd sent. */
  readonly contentSha256: string;
}

export interface SaveSnapshotRequest {
  /** The file's final name; it is written to `<path>.part`. */
  readonly path: string;
  /** Best first; the next one is tried when one fails. */
  readonly candidates: readonly SnapshotCandidate[];
  /** The cluster's members as it knows them, for the names. */
  readonly members: readonly ClusterMember[];
  readonly config: EtcdConfig;
  /** How long a member may be silent, milliseconds. */
  readonly idleTimeoutMs: number;
}

/**
 * Streams a snapshot to the disk from the first candidate that delivers a whole one. The stream is spooled as fast as
 * it comes, since etcd holds a read transaction open for all of it.
 *
 * @throws the last candidate's failure, with the others' told in the log; StoreError where the disk refuses. Nothing is
 * left behind then.
 */
export async function saveSnapshot(request: SaveSnapshotRequest, surroundings: Surroundings): Promise<SavedSnapshot> {
  const { log, signal } = surroundings;
  const [first, ...others] = request.candidates;
  if (first === undefined) throw new TypeError('a snapshot needs at least one candidate');
  let candidate = first;
  for (;;) {
    log.info(`taking the snapshot from ${candidate.endpoint.url}, ${candidate.reason}`);
    try {
      return await saveFrom(candidate, request, surroundings);
    } catch (error) {
      const next = others.shift();
      if (next === undefined || signal.aborted || !isWorthAnotherMember(error)) throw error;
      log.warn(`${(error as Error).message}; trying ${next.endpoint.url} instead`);
      candidate = next;
    }
  }
}

/** A full disk stays full; a member that fails or sends damaged bytes has sisters. */
function isWorthAnotherMember(error: unknown): boolean {
  return error instanceof EtcdError || (error instanceof HoldfastError && error.code === 'OPERATION_NOT_GOOD');
}

async function saveFrom(
  candidate: SnapshotCandidate,
  request: SaveSnapshotRequest,
  surroundings: Surroundings,
): Promise<SavedSnapshot> {
  const { endpoint, status } = candidate;
  const file = await createPartFile(request.path);
  const stage = surroundings.progress.begin(`snapshot from ${endpoint.url}`, Number(status.dbSize));
  const connection = connectMember(endpoint, request.config);
  try {
    const spool = new SnapshotSpool(file, stage);
    const { storageVersion } = await streamSnapshot(connection, {
      signal: surroundings.signal,
      idleTimeoutMs: request.idleTimeoutMs,
      onChunk: (chunk) => spool.take(chunk),
    });
    const trailer = await spool.finish();
    if (trailer.state !== 'good') throw checksumDiffers(endpoint.url, trailer);
    const { size, sha256, sha256OfContent } = trailer;
    const member = describeMember(candidate, request.members);
    const etcd = { version: status.version, storageVersion: storageVersion ?? status.storageVersion };
    return { file, from: endpoint.url, member, etcd, size, sha256, contentSha256: sha256OfContent };
  } catch (error) {
    await file.discard();
    throw error;
  } finally {
    stage.end();
    connection.close();
  }
}

function checksumDiffers(url: string, { sha256OfContent, trailer }: TrailerReport): OperationError {
  return new OperationError(
    'OPERATION_NOT_GOOD',
    `the snapshot from ${url} was damaged on its way: its SHA-256 is ${sha256OfContent}, etcd sent ${trailer ?? 'none'}`,
    {
      subject: url,
      hint: 'Run it again; if this repeats, suspect the network path or the memory of one of the two hosts.',
    },
  );
}

function describeMember(
  { status, endpoint }: SnapshotCandidate,
  members: readonly ClusterMember[],
): Manifest['member'] {
  const { memberId, leader, isLearner } = status;
  const name = members.find(({ id }) => id === memberId)?.name;
  const role = isLearner ? 'learner' : leader === 0n ? 'unknown' : leader === memberId ? 'leader' : 'follower';
  return { id: memberId, name, endpoint: endpoint.url, role };
}
