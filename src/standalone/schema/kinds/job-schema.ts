import { about, byDefault, each, flag, int32, int64, list, named, object, text, texts, time } from '../declare.ts';
import type { JsonSchema } from '../json.ts';
import { labelSelector } from '../metadata-schema.ts';
import { podTemplate } from './pod-schema.ts';

export const jobSpec: JsonSchema = named(
  'batch.v1.JobSpec',
  {
    template: about('What the pods of the job are made from.', podTemplate),
    parallelism: about('How many pods run at once.', int32),
    completions: about('How many pods have to succeed.', int32),
    completionMode: text,
    backoffLimit: about('How many failed pods are followed by another.', int32),
    activeDeadlineSeconds: about('After how many seconds the job is ended and counts as failed.', int64),
    ttlSecondsAfterFinished: about('How long the job is kept when it has finished.', int32),
    suspend: about('Whether no pods are to be made.', flag),
    selector: about('The pods of the job, by their labels. Set by the server.', labelSelector),
    manualSelector: flag,
    podReplacementPolicy: text,
    ...each(int32, 'backoffLimitPerIndex', 'maxFailedIndexes'),
    managedBy: text,
    podFailurePolicy: object({
      rules: list(
        object({
          action: text,
          onExitCodes: object({ ...each(text, 'containerName', 'operator'), values: list(int32) }),
          onPodConditions: list(object({ type: text, status: byDefault('True', text) })),
        }),
      ),
    }),
    successPolicy: object({ rules: list(object({ succeededCount: int32, succeededIndexes: text })) }),
  },
  { description: 'Work that is to be done once.', required: ['template'] },
);

const condition = named(
  'batch.v1.JobCondition',
  { ...each(text, 'type', 'status', 'reason', 'message'), ...each(time, 'lastProbeTime', 'lastTransitionTime') },
  { required: ['type', 'status'] },
);

export const jobStatus: JsonSchema = named('batch.v1.JobStatus', {
  conditions: about('How the job has ended.', {
    ...list(condition),
    'x-kubernetes-patch-merge-key': 'type',
    'x-kubernetes-patch-strategy': 'merge',
  }),
  ...each(int32, 'active', 'succeeded', 'failed', 'ready', 'terminating'),
  ...each(time, 'startTime', 'completionTime'),
  ...each(text, 'completedIndexes', 'failedIndexes'),
  uncountedTerminatedPods: object(each(texts, 'succeeded', 'failed')),
});
