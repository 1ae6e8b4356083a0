import { immutable, invalid, invalidOmitted, nonNegative, notSupported, required } from '../field-errors.ts';
import { listAt, numberAt, objectAt, sameJson, textAt, type JsonObject } from '../json.ts';
import type { FieldError } from '../kind.ts';
import { ownLabels } from './job-defaults.ts';
import { validatePodFailurePolicy } from './pod-failure-policy.ts';
import { validatePodTemplate } from './pod-rules.ts';
import { validateLabelSelector } from './selectors.ts';

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
  errors.push(...validatePodFailurePolicy(spec, field));
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

/** What is wrong with a job. Source of the rules: k8s.io/kubernetes, pkg/apis/batch/validation. */
export function validateJob(job: JsonObject, old?: JsonObject): readonly FieldError[] {
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

/** Whether a job has a condition that holds. */
export const hasCondition = (object: JsonObject, type: string): boolean =>
  listAt(object, 'status', 'conditions').some(
    (one) => textAt(one, 'type') === type && textAt(one, 'status') === 'True',
  );

/** The rules that make a job's end unmistakable. Source: pkg/registry/batch/job/strategy.go. */
function validateStatus(job: JsonObject): readonly FieldError[] {
  const [isComplete, isFailed] = [hasCondition(job, 'Complete'), hasCondition(job, 'Failed')];
  const omitted = (detail: string): FieldError => invalidOmitted('status.conditions', detail);
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
