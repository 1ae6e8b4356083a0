import { isJsonObject, objectAt, textAt, valueAt, type Json, type JsonObject } from '../json.ts';
import { nameOf, withFields } from './built-in.ts';
import { completePodSpec } from './pod-defaults.ts';

/**
 * Defaults of a Job, changed in place. The template of a CronJob has none of them: they come when its Jobs are made.
 * Source: k8s.io/kubernetes, pkg/apis/batch/v1/defaults.go.
 */
export function completeJob(job: JsonObject): JsonObject {
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
export function ownLabels(job: JsonObject): JsonObject {
  const [uid, name] = [textAt(job, 'metadata', 'uid'), nameOf(job)];
  return { [UID_LABEL]: uid, 'controller-uid': uid, [NAME_LABEL]: name, 'job-name': name };
}

/** A new job gets the selector of its pods and their labels, and a status of its own. */
export function prepareJob(job: JsonObject): JsonObject {
  const spec = objectAt(job, 'spec');
  if (spec['manualSelector'] === true) return withFields(job, { status: {} });
  const labels = ownLabels(job);
  const template = objectAt(spec, 'template');
  const metadata = objectAt(template, 'metadata');
  const marked = { ...metadata, labels: { ...labels, ...objectAt(metadata, 'labels') } };
  const uid: Json = labels[UID_LABEL] ?? '';
  const matchLabels = { ...objectAt(spec, 'selector', 'matchLabels'), [UID_LABEL]: uid };
  const selector = { ...objectAt(spec, 'selector'), matchLabels };
  const prepared = withFields(job, {
    spec: { ...spec, selector, template: { ...template, metadata: marked } },
    status: {},
  });
  // A job without labels gets those of its pods, and they have just got some.
  return completeJob(prepared);
}
