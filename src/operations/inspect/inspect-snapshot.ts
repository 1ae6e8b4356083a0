import { stat } from 'node:fs/promises';
import { openForReading, type Finding } from '../../base/index.ts';
import {
  joinCensus,
  joinLiveKeys,
  liveMissingKeys,
  type EncryptedGroup,
  type KubeCensusResult,
} from '../../kube/index.ts';
import {
  hasTrailer,
  joinParts,
  planWalk,
  trailerFindings,
  type PartResult,
  type TrailerReport,
  type TrailerState,
  type WalkPlan,
  type WalkReport,
} from '../../snapshot/index.ts';
import { storageError } from '../../store/index.ts';
import type { AnswerTo, InspectTask } from './inspect-tasks.ts';
import { runInspectTasks, usefulThreads, type ThreadsOptions } from './inspect-threads.ts';
import type { Surroundings } from '../surroundings.ts';

/** What a walk of a whole snapshot shows. */
export interface SnapshotInspection {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Undefined where the file is no database at all. */
  readonly walk: WalkReport<KubeCensusResult> | undefined;
  readonly census: KubeCensusResult | undefined;
  /** `unchecked`: there is a SHA-256 at the end that was not compared. */
  readonly trailer: TrailerState | 'unchecked';
  /** Where the SHA-256 was asked for. */
  readonly hashes: TrailerReport | undefined;
  /** Everything wrong, and what is worth knowing. */
  readonly findings: readonly Finding[];
}

type Inspecting = Pick<Surroundings, 'inspectWorker' | 'signal' | 'progress'>;

/** Below this, starting threads costs more than they save. */
const WORTH_THREADS_BYTES = 16 * 1024 * 1024;
/** Shares per thread, so that a thread that drew a small share takes another. */
const PARTS_PER_THREAD = 2;

/**
 * Walks a snapshot from end to end: its structure, what it means to etcd, its figures, and what it says of the
 * Kubernetes cluster; on several threads where the file is large.
 *
 * @param options.hash - also read every byte and compare with the SHA-256 at the end
 * @throws StoreError where the file cannot be opened; never because of what it holds
 */
export async function inspectSnapshotFile(
  path: string,
  options: { readonly hash: boolean },
  surroundings: Inspecting,
): Promise<SnapshotInspection> {
  const size = await sizeOf(path);
  const stage = surroundings.progress.begin(`examining ${path}`, options.hash ? 2 * size : size);
  try {
    const threads = threadsFor(size, surroundings, (bytes) => stage.advance(bytes));
    const { plan, findings } = planFile(path, threads);
    const tasks: InspectTask[] = (plan?.parts ?? []).map((part) => ({ kind: 'census', path, part }));
    if (options.hash) tasks.unshift({ kind: 'hash', path });
    const answers = await runInspectTasks(tasks, threads);
    const hashes = options.hash ? (answers[0] as TrailerReport) : undefined;
    const walk =
      plan &&
      joinFile(
        path,
        plan,
        (options.hash ? answers.slice(1) : answers) as readonly PartResult<KubeCensusResult>[],
        surroundings.signal,
      );
    const trailer = hashes?.state ?? (hasTrailer(size) ? 'unchecked' : 'absent');
    const aboutTrailer = trailer === 'unchecked' ? [] : trailerFindings(trailer);
    return {
      path,
      size,
      walk,
      census: walk && joinCensus(walk.visited),
      trailer,
      hashes,
      findings: [...aboutTrailer, ...(walk?.findings ?? findings.kept)],
    };
  } finally {
    stage.end();
  }
}

/** Which of the missing keys live values need; a second walk, only where keys are missing. */
export async function findLiveMissingKeys(
  path: string,
  missing: readonly EncryptedGroup[],
  surroundings: Inspecting,
): Promise<readonly EncryptedGroup[]> {
  const size = await sizeOf(path);
  const threads = threadsFor(size, surroundings, () => undefined);
  const { plan } = planFile(path, threads);
  const tasks = (plan?.parts ?? []).map((part) => ({ kind: 'live-keys' as const, path, part, missing }));
  const answers: readonly AnswerTo<(typeof tasks)[number]>[] = await runInspectTasks(tasks, threads);
  return liveMissingKeys(missing, joinLiveKeys(answers.flatMap(({ visited }) => visited ?? [])));
}

function threadsFor(
  size: number,
  { inspectWorker, signal }: Inspecting,
  onBytes: (bytes: number) => void,
): ThreadsOptions {
  return { script: size < WORTH_THREADS_BYTES ? undefined : inspectWorker, signal, onBytes };
}

function planFile(path: string, { script }: ThreadsOptions): ReturnType<typeof planWalk> {
  const file = openForReading(path);
  try {
    const threads = usefulThreads(script);
    return planWalk(file, { parts: threads === 1 ? 1 : threads * PARTS_PER_THREAD });
  } finally {
    file.close();
  }
}

function joinFile(
  path: string,
  plan: WalkPlan,
  results: readonly PartResult<KubeCensusResult>[],
  signal: AbortSignal,
): WalkReport<KubeCensusResult> {
  const file = openForReading(path);
  try {
    return joinParts(file, plan, results, { signal });
  } finally {
    file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    throw storageError(error, path);
  }
}
