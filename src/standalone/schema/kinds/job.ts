import { about, byDefault } from '../declare.ts';
import { humanDuration } from '../human-duration.ts';
import { listAt, numberAt, objectAt, textAt, type Json, type JsonObject } from '../json.ts';
import type { Cell } from '../kind.ts';
import { objectSchema } from '../metadata-schema.ts';
import { ageColumn, ageOf, builtIn, column, isBeingDeleted, nameColumn, nameOf, wide } from './built-in.ts';
import { completeJob, prepareJob } from './job-defaults.ts';
import { hasCondition, validateJob } from './job-rules.ts';
import { jobSpec, jobStatus } from './job-schema.ts';
import { formatSelector } from './selectors.ts';

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
    status: about('How it goes.', byDefault({}, jobStatus)),
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
  complete: completeJob,
  prepareForCreate: prepareJob,
  validate: validateJob,
  row,
});
