import { openForReading } from '../../base/index.ts';
import {
  KubeCensus,
  LiveKeyCheck,
  type EncryptedGroup,
  type KubeCensusResult,
  type LiveKeyResult,
} from '../../kube/index.ts';
import {
  checkTrailer,
  walkPart,
  type EntryVisitor,
  type PartResult,
  type TrailerReport,
  type WalkPart,
} from '../../snapshot/index.ts';

/** A piece of an inspection that one thread does. Plain data, so that it can be sent to a worker. */
export type InspectTask =
  | { readonly kind: 'census'; readonly path: string; readonly part: WalkPart }
  | {
      readonly kind: 'live-keys';
      readonly path: string;
      readonly part: WalkPart;
      readonly missing: readonly EncryptedGroup[];
    }
  | { readonly kind: 'hash'; readonly path: string };

/** What a task of each kind answers with. */
export interface InspectAnswers {
  readonly census: PartResult<KubeCensusResult>;
  readonly 'live-keys': PartResult<LiveKeyResult>;
  readonly hash: TrailerReport;
}

export type AnswerTo<T extends InspectTask> = InspectAnswers[T['kind']];

export interface TaskOptions {
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Does one task on this thread; it blocks until it is done. */
export function runInspectTask(task: InspectTask, options: TaskOptions = {}): InspectAnswers[InspectTask['kind']] {
  const file = openForReading(task.path);
  try {
    if (task.kind === 'hash') return checkTrailer(file, options);
    const visitor: EntryVisitor<KubeCensusResult | LiveKeyResult> =
      task.kind === 'census' ? new KubeCensus() : new LiveKeyCheck(task.missing);
    return walkPart(file, task.part, { ...options, visitor }) as InspectAnswers[InspectTask['kind']];
  } finally {
    file.close();
  }
}
