import { stat } from 'node:fs/promises';
import { hasErrors, makePrivateFolder, messageOf, type Finding, type Log, type PartFile } from '../../base/index.ts';
import { probeWritable, storageError, volumeSpace, type Lock } from '../../store/index.ts';
import type { BackupReport, BackupRequest, Circumstances } from './backup-request.ts';
import { choosePlace, leavePlace, openPlace } from './backup-place.ts';
import { findSource, type BackupSource } from './backup-source.ts';
import { checkEncryptionChanges, checkEncryptionKeys, type EncryptionCheck } from '../check-encryption.ts';
import { describeBackup } from './describe-backup.ts';
import { OperationError } from '../errors.ts';
import { findEarlier } from './find-earlier.ts';
import { finishDeadRuns } from './finish-dead-runs.ts';
import { inspectSnapshotFile, type SnapshotInspection } from '../inspect/inspect-snapshot.ts';
import { lockCluster, lockRepository, waitForLock } from '../locks.ts';
import { makeRoom } from './make-room.ts';
import { decideOnFindings, isRefused, runPreflight } from './preflight.ts';
import { pruneLocked, type PruneReport } from '../prune-backups.ts';
import { outlastRollouts, refuseOvertaken } from './outlast-rollouts.ts';
import { CommittedError, publish } from './publish.ts';
import { saveResources, type SavedResources } from './save-resources.ts';
import type { SavedSnapshot } from './save-snapshot.ts';
import { liveCluster, type SnapshotOrigin } from './snapshot-origin.ts';
import { stoppedMember } from './stopped-member.ts';
import type { Surroundings } from '../surroundings.ts';

/**
 * Backs up a control plane: the snapshot, the static pod resources right after it, both verified, then the manifest.
 * Nothing gets its final name before everything has been proven good; whatever happens before that, nothing is left.
 *
 * @throws OperationError, HostError, EtcdError, StoreError, by what failed
 */
export async function takeBackup(request: BackupRequest, surroundings: Surroundings): Promise<BackupReport> {
  return withTimeLimit(request.timeoutMs, surroundings, (limited) =>
    outlastRollouts(request, limited, (overrides) => takeOnce({ ...request, ...overrides }, limited)),
  );
}

async function takeOnce(request: BackupRequest, surroundings: Surroundings): Promise<BackupReport> {
  const { clock } = surroundings;
  const source = await findSource(request, surroundings);
  await prepareFolders(request);
  const patience = { ...surroundings, waitMs: request.lockWaitMs ?? 0 };
  const lockFolder = (): Promise<Lock> => lockRepository(request.folder, 'backup', surroundings);
  return holding(await waitForLock(lockFolder, patience), async (repository) => {
    const started = clock.monotonicMs();
    await finishDeadRuns(request, surroundings);
    const finish = async (taken: Taken): Promise<BackupReport> => {
      const retention = await applyRetention(request, taken.id, repository, surroundings);
      // The backup stands, and what is not known of the disk does not change that.
      const volume = await volumeSpace(request.folder).catch(() => undefined);
      return { ...taken, folder: request.folder, retention, volume, durationMs: clock.monotonicMs() - started };
    };
    const earlier = await findEarlier(request, surroundings);
    if (earlier !== undefined) return finish(earlier);
    const origin = await findOrigin(request, source, surroundings);
    const lockThisCluster = (): Promise<Lock> => lockCluster(origin.clusterId, surroundings);
    return holding(await waitForLock(lockThisCluster, patience), async (cluster) => {
      return finish(await run(request, source, { origin, locks: [repository, cluster] }, surroundings));
    });
  });
}

function findOrigin(request: BackupRequest, source: BackupSource, surroundings: Surroundings): Promise<SnapshotOrigin> {
  return request.fromDataDir === undefined
    ? liveCluster(source, request, surroundings)
    : stoppedMember(request.fromDataDir, surroundings);
}

type Taken = Omit<BackupReport, 'folder' | 'retention' | 'volume' | 'durationMs'>;

async function run(
  request: BackupRequest,
  source: BackupSource,
  ground: Omit<Circumstances, 'preflight' | 'forced'>,
  surroundings: Surroundings,
): Promise<Taken> {
  const preflight = await runPreflight(source, ground.origin, request.proxyVariables, surroundings);
  const mayRemove = !isRefused(preflight.findings, request);
  const room = await makeRoom({ request, source, origin: ground.origin, mayRemove }, surroundings);
  const forced = decideOnFindings([...preflight.findings, ...room], request);
  logFindings(preflight.findings, surroundings.log);
  return take(request, source, { ...ground, preflight, forced }, surroundings);
}

async function take(
  request: BackupRequest,
  source: BackupSource,
  circumstances: Circumstances,
  surroundings: Surroundings,
): Promise<Taken> {
  const dirty = circumstances.forced.length > 0;
  const place = await choosePlace(request, { dirty, withResources: source.withResources }, surroundings);
  const parts: PartFile[] = [];
  try {
    await openPlace(place);
    const { resourcesDir, resource } = request;
    const snapshot = await circumstances.origin.save(place.files.snapshot);
    parts.push(snapshot.file);
    const resources = await saveResourcesOf(source, place.files.resources, surroundings);
    if (resources !== undefined) parts.push(resources.file);
    // Everything that has to belong together is on the disk: what rolls out from here on changes nothing of it.
    refuseOvertaken((await circumstances.preflight.rollout?.begunSince(surroundings)) ?? []);
    const proof = await prove(snapshot, resources, surroundings);
    const findings = [...circumstances.preflight.findings, ...proof.findings];
    const { timestamp, created } = place;
    const facts = { source, circumstances, timestamp, created, snapshot, resources, resourcesDir, resource };
    const manifest = describeBackup({ ...facts, ...proof, findings }, surroundings);
    for (const lock of circumstances.locks) await lock.assertHeld();
    await publish({ parts, manifestPath: place.files.manifest, manifest });
    const { id, files, subfolder } = place;
    const bytes = (await stat(files.manifest)).size + snapshot.size + (resources?.size ?? 0);
    return { id, files, subfolder, staticPods: revisionFolders(source), manifest, bytes, isRepeated: false, findings };
  } catch (error) {
    if (error instanceof CommittedError) throw error.cause;
    for (const part of parts) await part.discard();
    await leavePlace(place);
    throw error;
  }
}

async function saveResourcesOf(
  { host }: BackupSource,
  path: string | undefined,
  surroundings: Surroundings,
): Promise<SavedResources | undefined> {
  return host === undefined || path === undefined ? undefined : saveResources(host, path, surroundings);
}

interface Proof {
  readonly inspection: SnapshotInspection;
  readonly encryption: EncryptionCheck;
  readonly findings: readonly Finding[];
}

/** Walks the snapshot as it lies on the disk and holds it against the keys that were saved. Throws where it is not good. */
async function prove(
  snapshot: SavedSnapshot,
  resources: SavedResources | undefined,
  surroundings: Surroundings,
): Promise<Proof> {
  const inspection = await inspectSnapshotFile(snapshot.file.partPath, { hash: false }, surroundings);
  const encryption = await checkEncryptionKeys(inspection, resources?.encryptionConfigs, surroundings);
  requireGood(snapshot, [...inspection.findings, ...encryption.findings]);
  const findings = [
    ...[...(resources?.findings ?? []), ...inspection.findings, ...encryption.findings],
    ...checkEncryptionChanges(inspection),
  ];
  logFindings(findings, surroundings.log);
  return { inspection, encryption, findings };
}

/** Errors among them were overridden by force; otherwise the run would have ended. */
function logFindings(findings: readonly Finding[], log: Log): void {
  for (const { severity, message, code, hint } of findings) if (severity !== 'note') log.warn(message, { code, hint });
}

function revisionFolders({ host, withResources }: BackupSource): BackupReport['staticPods'] {
  if (host === undefined || !withResources) return [];
  return host.staticPods.flatMap(({ name, resourceDir }) =>
    resourceDir === undefined ? [] : [{ name, path: resourceDir }],
  );
}

function requireGood(snapshot: SavedSnapshot, findings: readonly Finding[]): void {
  if (!hasErrors(findings)) return;
  const errors = findings.filter(({ severity }) => severity === 'error');
  const url = snapshot.from;
  throw new OperationError('OPERATION_NOT_GOOD', `the backup from ${url} is not good, and was discarded`, {
    subject: url,
    hint: 'If the snapshot is damaged, the member itself may be: take the backup from another one by --endpoints, and examine this one.',
    findings: errors,
  });
}

/** The backup stands whatever becomes of the old ones; what could not be removed is told, and the exit code differs. */
async function applyRetention(
  request: BackupRequest,
  id: string,
  lock: Lock,
  surroundings: Surroundings,
): Promise<PruneReport | undefined> {
  const { folder, resourcesDir, resource, retention: policy } = request;
  if (policy === undefined) return undefined;
  try {
    const prune = { folder, resourcesDir, policy, series: resource?.series, dryRun: false };
    return await pruneLocked(prune, { lock, made: [id] }, surroundings);
  } catch (error) {
    return { folder, dryRun: false, kept: [], removed: [], failed: [{ id: 'retention', message: messageOf(error) }] };
  }
}

async function prepareFolders({ folder, resourcesDir }: BackupRequest): Promise<void> {
  for (const place of resourcesDir === undefined ? [folder] : [folder, resourcesDir]) {
    try {
      await makePrivateFolder(place);
    } catch (error) {
      throw storageError(error, place);
    }
    await probeWritable(place);
  }
}

async function holding<T>(lock: Lock, work: (lock: Lock) => Promise<T>): Promise<T> {
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

/** Aborts the work when it takes too long in all, with an error that says so. */
async function withTimeLimit<T>(
  ms: number | undefined,
  surroundings: Surroundings,
  work: (limited: Surroundings) => Promise<T>,
): Promise<T> {
  if (ms === undefined) return work(surroundings);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(timedOut(ms)), ms);
  try {
    return await work({ ...surroundings, signal: AbortSignal.any([surroundings.signal, limit.signal]) });
  } finally {
    clearTimeout(timer);
  }
}

function timedOut(ms: number): OperationError {
  return new OperationError('OPERATION_TIMED_OUT', `the backup was given up after ${ms / 1000} s`, {
    hint: 'Give --timeout more, or none; --idle-timeout alone ends runs whose member has gone silent.',
  });
}
