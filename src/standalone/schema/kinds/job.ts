import { about, byDefault, each, flag, int32, int64, list, named, object, text, texts, time } from '../declare.ts';
import { immutable, invalid, nonNegative, notSupported, required } from '../field-errors.ts';
import { humanDuration } from '../human-duration.ts';
import {
  isJsonObject,
  listAt,
  numberAt,
  objectAt,
  sameJson,
  textAt,
  valueAt,
  type Json,
  type JsonObject,
  type JsonSchema,
} from '../json.ts';
import type { Cell, FieldError } from '../kind.ts';
import { labelSelector, objectSchema } from '../metadata-schema.ts';
import { ageColumn, ageOf, builtIn, column, isBeingDeleted, nameColumn, nameOf, wide, withFields } from './built-in.ts';
import { completePodSpec } from './pod-defaults.ts';
import { validatePodTemplate } from './pod-rules.ts';
import { podTemplate } from './pod-schema.ts';
import { formatSelector, validateLabelSelector } from './selectors.ts';

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

const status = named('batch.v1.JobStatus', {
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

/**
 * Defaults of a Job, changed in place. The template of a CronJob has none of them: they come when its Jobs are made.
 * Source: k8s.io/kubernetes, pkg/apis/batch/v1/defaults.go.
 */
function complete(job: JsonObject): JsonObject {
  const { spec } = job;
  if (!isJsonObject(spec)) return job;
  if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1;
  spec['parallelism'] ??= 1;
  spec['backoffLimit'] ??= spec['backoffLimitPerIndex'] === undefined ? 6 : 2 ** 31 - 1;
  spec['completionMode'] ??= 'NonIndexed';
  spec['suspend'] ??= false;
  spec['podReplacementPolicy'] ??= spec['podFailurePolicy'] === undefined ? 'TerminatingOrFailed' : 'Failed';
  spec['manualSelector'] ??= false;
  completeTemplate(spec);
  const metadata = objectAt(job, 'metadata');
  const labels = objectAt(job, 'spec', 'template', 'metadata', 'labels');
  if (Object.keys(objectAt(metadata, 'labels')).length === 0 && Object.keys(labels).length > 0) {
    job['metadata'] = { ...metadata, labels: { ...labels } };
  }
  return job;
}

/** The defaults of the pods that a job's spec asks for, changed in place. */
export function completeTemplate(jobSpec: JsonObject): void {
  const pods = valueAt(jobSpec, 'template', 'spec');
  if (isJsonObject(pods)) completePodSpec(pods);
}

const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABEL = 'batch.kubernetes.io/job-name';

/** The labels by which a job finds its pods; those without a prefix are from before Kubernetes 1.27. */
function ownLabels(job: JsonObject): JsonObject {
  const [uid, name] = [textAt(job, 'metadata', 'uid'), nameOf(job)];
  return { [UID_LABEL]: uid, 'controller-uid': uid, [NAME_LABEL]: name, 'job-name': name };
}

function prepareForCreate(job: JsonObject): JsonObject {
  const spec = objectAt(job, 'spec');
  if (spec['manualSelector'] === true) return withFields(job, { status: {} });
  const labels = ownLabels(job);
  const template = objectAt(spec, 'template');
  const metadata = objectAt(template, 'metadata');
  const marked = { ...metadata, labels: { ...labels, ...objectAt(metadata, 'labels') } };
  const uid: Json = labels[UID_LABEL] ?? '';
  const matchLabels = { ...objectAt(spec, 'selector', 'matchLabels'), [UID_LABEL]: uid };
  const selector = { ...objectAt(spec, 'selector'), matchLabels };
  return withFields(job, { spec: { ...spec, selector, template: { ...template, metadata: marked } }, status: {} });
}

const COUNTS = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'];

/** What is wrong with a job's spec, in a Job or in a CronJob. */
export function validateJobSpec(spec: JsonObject, field: string): readonly FieldError[] {
  const policy = textAt(spec, 'template', 'spec', 'restartPolicy');
  const at = `${field}.template.spec.restartPolicy`;
  const mode = textAt(spec, 'completionMode') || 'NonIndexed';
  const errors: FieldError[] = COUNTS.flatMap((name) => nonNegative(`${field}.${name}`, numberAt(spec, name)));
  if (mode === 'Indexed') {
    errors.push(invalid(`${field}.completionMode`, mode, 'holdfast standalone runs jobs without an index only'));
  } else if (mode !== 'NonIndexed') {
    errors.push(notSupported(`${field}.completionMode`, mode, ['NonIndexed', 'Indexed']));
  }
  errors.push(...validatePodTemplate(objectAt(spec, 'template'), `${field}.template`));
  if (policy === 'Always' || policy === '') errors.push(required(at, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.push(notSupported(at, policy, ['OnFailure', 'Never']));
  return errors;
}

function validateSelector(job: JsonObject): readonly FieldError[] {
  const spec = objectAt(job, 'spec');
  if (spec['selector'] === undefined) return [required('spec.selector')];
  const labels = objectAt(spec, 'template', 'metadata', 'labels');
  const wanted = spec['manualSelector'] === true ? {} : ownLabels(job);
  const foreign = Object.entries(wanted)
    .filter(([key, value]) => labels[key] !== value)
    .map(([key, value]) =>
      invalid(`spec.template.metadata.labels[${key}]`, labels, `must be '${typeof value === 'string' ? value : ''}'`),
    );
  const matches = Object.entries(objectAt(spec, 'selector', 'matchLabels')).every(
    ([key, value]) => labels[key] === value,
  );
  return [
    ...foreign,
    ...validateLabelSelector(spec['selector'], 'spec.selector'),
    ...(matches
      ? []
      : [invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')]),
  ];
}

const FIXED = ['completions', 'selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy'];

function validate(job: JsonObject, old?: JsonObject): readonly FieldError[] {
  const spec = objectAt(job, 'spec');
  const errors = [...validateJobSpec(spec, 'spec'), ...validateSelector(job), ...validateStatus(job)];
  if (old === undefined) return errors;
  const before = objectAt(old, 'spec');
  return [
    ...errors,
    ...[...FIXED, 'template'].flatMap((name) =>
      sameJson(spec[name], before[name]) ? [] : immutable(`spec.${name}`, spec[name], before[name]),
    ),
  ];
}

export const hasCondition = (object: JsonObject, type: string): boolean =>
  listAt(object, 'status', 'conditions').some(
    (one) => textAt(one, 'type') === type && textAt(one, 'status') === 'True',
  );

/** The rules that make a job's end unmistakable. Source: pkg/registry/batch/job/strategy.go. */
function validateStatus(job: JsonObject): readonly FieldError[] {
  const [isComplete, isFailed] = [hasCondition(job, 'Complete'), hasCondition(job, 'Failed')];
  const omitted = (detail: string): FieldError => ({
    field: 'status.conditions',
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${detail}`,
  });
  const errors: FieldError[] = [];
  if (isComplete && isFailed) errors.push(omitted('cannot set Complete=True and Failed=true conditions'));
  if (isFailed && !hasCondition(job, 'FailureTarget')) {
    errors.push(omitted('cannot set Failed=True condition without the FailureTarget=true condition'));
  }
  if (isComplete && !hasCondition(job, 'SuccessCriteriaMet')) {
    errors.push(omitted('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'));
  }
  if (isComplete && textAt(job, 'status', 'completionTime') === '') {
    errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'));
  }
  if ((isComplete || isFailed) && textAt(job, 'status', 'startTime') === '') {
    errors.push(required('status.startTime', 'startTime is required for finished job'));
  }
  return errors;
}

const WORDS = [
  ['Complete', 'Complete'],
  ['Failed', 'Failed'],
  ['', 'Terminating'],
  ['Suspended', 'Suspended'],
  ['FailureTarget', 'FailureTarget'],
  ['SuccessCriteriaMet', 'SuccessCriteriaMet'],
] as const;

function statusWord(job: JsonObject): string {
  const found = WORDS.find(([type]) => (type === '' ? isBeingDeleted(job) : hasCondition(job, type)));
  return found?.[1] ?? 'Running';
}

function duration(job: JsonObject, now: Date): string {
  const start = Date.parse(textAt(job, 'status', 'startTime'));
  const end = Date.parse(textAt(job, 'status', 'completionTime'));
  return Number.isNaN(start) ? '' : humanDuration((Number.isNaN(end) ? now.getTime() : end) - start);
}

/** The names and the images of a template's containers, as `-o wide` shows them. */
export function containerCells(template: Json | undefined): readonly [string, string] {
  const containers = listAt(template, 'spec', 'containers');
  return [
    containers.map((one) => textAt(one, 'name')).join(','),
    containers.map((one) => textAt(one, 'image')).join(','),
  ];
}

function row(job: JsonObject, now: Date): readonly Cell[] {
  const spec = objectAt(job, 'spec');
  const succeeded = numberAt(job, 'status', 'succeeded') ?? 0;
  const parallelism = numberAt(spec, 'parallelism') ?? 0;
  const wanted = numberAt(spec, 'completions') ?? (parallelism > 1 ? `1 of ${parallelism}` : 1);
  return [
    nameOf(job),
    statusWord(job),
    `${succeeded}/${wanted}`,
    duration(job, now),
    ageOf(job, now),
    ...containerCells(spec['template']),
    formatSelector(spec['selector']),
  ];
}

export const job = builtIn({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  namespaced: true,
  schema: objectSchema('batch.v1.Job', 'Work that is done once by one pod or several.', {
    spec: about('What is to be done.', jobSpec),
    status: about('How it goes.', byDefault({}, status)),
  }),
  columns: [
    nameColumn,
    column('Status', 'How it goes, in one word.'),
    column('Completions', 'How many pods have succeeded, of how many.'),
    column('Duration', 'How long it took, or has taken.'),
    ageColumn,
    wide('Containers', 'The names of its containers.'),
    wide('Images', 'The images of its containers.'),
    wide('Selector', 'How its pods are found.'),
  ],
  complete,
  prepareForCreate,
  validate,
  row,
});
