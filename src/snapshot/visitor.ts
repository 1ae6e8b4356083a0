/**
 * Sees every entry of the key space while a snapshot is walked: all revisions of all keys, in revision order within a
 * part. Offsets point into `bytes`, which is reused: copy what must outlive the call. Keep it cheap; it is called
 * millions of times.
 */
export interface EntryVisitor<R> {
  /**
   * @param keyStart - where the etcd key (not the revision) starts in `bytes`
   * @param valueStart - where its value starts; equal to `valueEnd` for a tombstone
   * @param revision - the main revision
   * @param tombstone - whether this revision deleted the key
   */
  visit(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
    revision: number,
    tombstone: boolean,
  ): void;
  /** What was seen, as plain data, so that a worker thread can answer with it. Called once, after the last entry. */
  result(): R;
}
