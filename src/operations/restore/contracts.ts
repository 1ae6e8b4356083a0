import type { Progress } from '../../base/index.ts';
import type { Surroundings } from '../surroundings.ts';

/** What is asked of whoever makes a data directory; `restoreMember` of `snapshot` fits. */
export interface RestoreMemberRequest {
  readonly snapshotPath: string;
  readonly dataDir: string;
  readonly walDir?: string | undefined;
  readonly id: string;
  readonly name?: string | undefined;
  readonly initialCluster?: string | undefined;
  readonly initialClusterToken?: string | undefined;
  readonly initialAdvertisePeerUrls?: string | undefined;
  readonly etcdVersion?: string | undefined;
  /** By how much the revision is raised. */
  readonly bumpRevision?: bigint | undefined;
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Makes a data directory beside its final name and renames it at the end; refuses one that is not empty. */
export type RestoreMember = (request: RestoreMemberRequest) => Promise<unknown>;

/** What the verbs that restore a host take from the outside. */
export interface RestoreSurroundings extends Surroundings {
  readonly restoreMember: RestoreMember;
  /**
   * Told after each record that has reached the journal. A front that shows steps listens here; a test that kills the
   * process does so here.
   */
  readonly onRecord?: ((event: RecordEvent) => Promise<void> | void) | undefined;
}

/** What has just been written to the journal about one step. */
export interface RecordEvent {
  readonly kind: 'begin' | 'done' | 'undo' | 'undone';
  readonly step: string;
  /** What is done, in the words of the plan; undefined where there is nothing to do in this direction. */
  readonly text: string | undefined;
}
