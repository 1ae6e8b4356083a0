/** What etcd's own procedure adds where nothing is known: 1,000 writes a second for about eleven days. */
export const FALLBACK_BUMP = 1_000_000_000n;

/** Added beyond the highest revision known, at least: what a busy cluster writes in some minutes that nobody saw. */
const LEAST_SLACK = 1_000_000n;

/** One place that says how far the key space had come. */
export interface RevisionSource {
  /** For people: `the manifest of 2026-11-22_154400`, `the member at https://10.0.0.5:2379`. */
  readonly what: string;
  readonly revision: bigint;
  /**
   * What was counted.
   *
   * - `exact`: the revision of the key space itself
   * - `raft-index`: a raft index (OpenShift's revision.json). Every write takes one, and so do things that take no revision, so it
   *   is never the lower of the two; but a restore begins it anew, and not the revision.
   */
  readonly kind: 'exact' | 'raft-index';
  /**
   * Whether it knew the cluster until it ended (a member that answers, its data directory, revision.json), or only some time
   * before, as a backup does. Default: false.
   */
  readonly isCurrent?: boolean;
}

/** By how much the revision is raised, and why. */
export interface BumpDecision {
  /** To be added to the snapshot's revision; at least 1. */
  readonly bump: bigint;
  /** The revision that etcd starts with. */
  readonly revision: bigint;
  /** One sentence. */
  readonly reason: string;
  /** No source knew the cluster until its end, so the amount is a large guess. */
  readonly guessed: boolean;
}

/**
 * Decides by how much a restore raises the revision of the key space, so that no client that watched the cluster before ever
 * sees a revision a second time with other content.
 *
 * The highest revision known is gone beyond by a fifth of it, a million at least, where a source knew the cluster until its end.
 * Where none did, a billion is added instead, as OpenShift's own procedure does.
 *
 * @param snapshotRevision - of the data that is restored
 */
export function decideBump(snapshotRevision: bigint, sources: readonly RevisionSource[]): BumpDecision {
  const highest = sources.reduce<RevisionSource | undefined>(
    (best, source) => (best === undefined || source.revision > best.revision ? source : best),
    undefined,
  );
  const guessed = !sources.some(({ isCurrent }) => isCurrent === true);
  const known = highest === undefined || highest.revision < snapshotRevision ? snapshotRevision : highest.revision;
  const slack = guessed ? FALLBACK_BUMP : largest(known / 5n, LEAST_SLACK);
  const revision = known + slack;
  return { bump: revision - snapshotRevision, revision, reason: reasonOf(highest, slack, guessed), guessed };
}

function reasonOf(highest: RevisionSource | undefined, slack: bigint, guessed: boolean): string {
  if (highest === undefined) return 'nothing says how far the cluster had come, so a billion is added';
  const measure = highest.kind === 'exact' ? 'revision' : 'raft index';
  const known = `the highest known is ${measure} ${highest.revision}, of ${highest.what}`;
  return guessed
    ? `${known}; what came after that nobody knows, so a billion is added`
    : `${known}; ${slack} more leave room for what was written after that`;
}

function largest(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** `maxRaftIndex` of the text of OpenShift's revision.json; it may exceed what JSON.parse keeps. Undefined if it has none. */
export function parseRevisionFile(text: string): bigint | undefined {
  const match = /"maxRaftIndex"\s*:\s*(\d{1,20})\b/.exec(text)?.[1];
  return match === undefined ? undefined : BigInt(match);
}
