import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { formatId, messageOf, openForReading, type Finding, type OpenFile } from '../../base/index.ts';
import { askWhetherStopped } from '../../host/index.ts';
import { planWalk, type ClusterState } from '../../snapshot/index.ts';
import { storageError } from '../../store/index.ts';
import { summarizeWalFolder, type WalSummary } from '../../wal/index.ts';
import { OperationError } from '../errors.ts';
import type { SavedSnapshot } from './save-snapshot.ts';
import { forManifest, type SnapshotOrigin } from './snapshot-origin.ts';
import { createPartFile, SnapshotSpool } from './snapshot-spool.ts';
import type { Surroundings } from '../surroundings.ts';

/** The database of a member that no longer runs. */
interface Database {
  readonly path: string;
  readonly state: ClusterState;
  /** Bytes up to the last page in use, as etcd would stream them. */
  readonly bytes: number;
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * The data directory of a stopped member, for when no member can be started: its database becomes a snapshot, with the
 * SHA-256 that etcd would have sent behind it.
 *
 * @param folder - the data directory, with `member/snap/db` in it
 * @throws OperationError where there is no database, or it cannot be understood
 */
export async function stoppedMember(folder: string, surroundings: Surroundings): Promise<SnapshotOrigin> {
  const database = readDatabase(join(folder, 'member', 'snap', 'db'));
  const { state } = database;
  const findings: Finding[] = [...(await stillRunning(folder, surroundings.signal))];
  const wal = await readLog(join(folder, 'member', 'wal'), state.consistentIndex ?? 0n, surroundings.signal, findings);
  return {
    clusterId: wal?.identity?.clusterId ?? 0n,
    members: forManifest(state.members),
    bytes: database.bytes,
    findings,
    save: (path) => copyDatabase(path, database, wal, surroundings),
  };
}

function readDatabase(path: string): Database {
  const file = openDatabase(path);
  try {
    const { plan, findings } = planWalk(file);
    if (plan !== undefined) return { path, state: plan.state, bytes: plan.layout.highWater * plan.layout.pageSize };
    throw new OperationError('OPERATION_NOT_GOOD', `${path} is not an etcd database`, {
      subject: path,
      hint: 'Give the data directory of another member.',
      findings: findings.kept,
    });
  } finally {
    file.close();
  }
}

function openDatabase(path: string): OpenFile {
  try {
    return openForReading(path);
  } catch (error) {
    throw storageError(error, path);
  }
}

/** A database that changes while it is copied is no snapshot. */
async function stillRunning(folder: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const { running } = await askWhetherStopped({
    hostRoot: '/',
    pods: ['etcd'],
    dataDir: folder,
    addresses: [],
    signal,
  });
  return running.map((what) => ({
    severity: 'error',
    code: 'BACKUP_MEMBER_RUNNING',
    where: folder,
    message: `the member of ${folder} has not stopped: ${what}`,
    hint: 'Stop it, or take the backup from the live member, without --from-data-dir.',
  }));
}

/** The log says whose the database is, and whether writes lie in it that the database does not have yet. */
async function readLog(
  folder: string,
  applied: bigint,
  signal: AbortSignal,
  findings: Finding[],
): Promise<WalSummary | undefined> {
  try {
    const summary = await summarizeWalFolder(folder, { after: applied, signal });
    const pending = summary.requests + summary.uncommittedRequests;
    if (pending > 0) findings.push(logAhead(folder, pending));
    return summary;
  } catch (error) {
    signal.throwIfAborted();
    findings.push(logUnreadable(folder, messageOf(error)));
    return undefined;
  }
}

function logAhead(folder: string, pending: number): Finding {
  return {
    severity: 'warning',
    code: 'BACKUP_LOG_AHEAD',
    where: folder,
    message: `${pending} writes lie only in the write-ahead log, and will be missing from the backup`,
    hint: 'Keep the data directory. Starting etcd on a copy of it with --force-new-cluster replays them.',
  };
}

function logUnreadable(folder: string, why: string): Finding {
  return {
    severity: 'warning',
    code: 'BACKUP_LOG_UNREADABLE',
    where: folder,
    message: `the write-ahead log cannot be read (${why}), so the cluster's id and the newest writes are not known`,
    hint: 'The backup holds what the database has.',
  };
}

async function copyDatabase(
  path: string,
  database: Database,
  wal: WalSummary | undefined,
  { signal, progress }: Surroundings,
): Promise<SavedSnapshot> {
  const file = await createPartFile(path);
  const stage = progress.begin(`snapshot from ${database.path}`, database.bytes);
  const source = openDatabase(database.path);
  try {
    const spool = new SnapshotSpool(file, stage);
    const hash = createHash('sha256');
    for (let position = 0; position < database.bytes; position += CHUNK_BYTES) {
      signal.throwIfAborted();
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, database.bytes - position));
      source.read(chunk, position);
      hash.update(chunk);
      await spool.take(chunk);
    }
    await spool.take(hash.digest());
    const { size, sha256, sha256OfContent } = await spool.finish();
    return { file, ...origins(database, wal), size, sha256, contentSha256: sha256OfContent };
  } catch (error) {
    await file.discard();
    throw error;
  } finally {
    stage.end();
    source.close();
  }
}

function origins(
  { path, state }: Database,
  wal: WalSummary | undefined,
): Pick<SavedSnapshot, 'from' | 'member' | 'etcd'> {
  const id = wal?.identity?.memberId ?? 0n;
  const name = state.members.find((member) => member.id === id)?.name;
  // The database knows the release by its minor version only.
  const version = /^\d+\.\d+/.exec(state.storageVersion || (state.clusterVersion ?? ''))?.[0] ?? 'unknown';
  return {
    from: path,
    member: { id, name: name ?? (id === 0n ? undefined : formatId(id)), endpoint: path, role: 'unknown' },
    etcd: { version, storageVersion: state.storageVersion === '' ? undefined : state.storageVersion },
  };
}
