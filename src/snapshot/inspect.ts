import type { Finding, RandomAccess } from '../base/index.ts';
import { FindingList } from '../bolt/index.ts';
import { joinParts, type WalkReport } from './join-parts.ts';
import { checkTrailer, hasTrailer, trailerFindings, type TrailerReport, type TrailerState } from './trailer.ts';
import type { EntryVisitor } from './visitor.ts';
import { walkPart } from './walk-part.ts';
import { planWalk } from './walk-plan.ts';

export interface InspectOptions<R> {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes were walked or hashed since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Whether to read the whole file and compare it with the SHA-256 at its end. Default: false. */
  readonly hashTrailer?: boolean | undefined;
  readonly visitor?: EntryVisitor<R> | undefined;
}

export interface SnapshotReport<R = undefined> {
  /** What the walk told; undefined if the file has no usable meta page. */
  readonly walk: WalkReport<R> | undefined;
  /** The status, where there is a walk; meaningless if `findings` hold errors. */
  readonly status: WalkReport<R>['status'] | undefined;
  /** Everything found: the walk's findings and those about the SHA-256. */
  readonly findings: readonly Finding[];
  /** `unchecked`: there is a SHA-256 at the end, but it was not compared. */
  readonly trailer: TrailerState | 'unchecked';
  /** The hashes, if `hashTrailer` was asked for. */
  readonly hashes: TrailerReport | undefined;
  readonly visited: R | undefined;
}

/**
 * Examines a snapshot on this thread, in bounded memory: structure, hash, sense, counts and, if asked, its SHA-256.
 * It blocks the thread (about 1 s a GB); for large files share {@link planWalk}'s parts out instead.
 *
 * @throws BoltError or SnapshotError if the system cannot read, the signal's reason if it aborts; never because of
 * what the bytes say
 */
export function inspectSnapshot<R = undefined>(
  source: RandomAccess,
  options: InspectOptions<R> = {},
): SnapshotReport<R> {
  const { signal, onBytes, visitor } = options;
  const hashes = options.hashTrailer === true ? checkTrailer(source, { signal, onBytes }) : undefined;
  const trailer = hashes?.state ?? (hasTrailer(source.size) ? 'unchecked' : 'absent');
  const aboutTrailer = trailer === 'unchecked' ? [] : trailerFindings(trailer);
  const { plan, findings } = planWalk(source);
  if (plan === undefined) {
    const list = new FindingList();
    list.absorb(findings);
    const all = [...aboutTrailer, ...list.report];
    return { walk: undefined, status: undefined, findings: all, trailer, hashes, visited: undefined };
  }
  const results = plan.parts.map((part) => walkPart(source, part, { signal, onBytes, visitor }));
  const walk = joinParts(source, plan, results, { signal });
  const all = [...aboutTrailer, ...walk.findings];
  return { walk, status: walk.status, findings: all, trailer, hashes, visited: walk.visited[0] };
}
