import { about, byDefault, each, flag, int32, int64, list, named, oneOf, text, time } from '../declare.ts';
import { invalid, nonNegative, required } from '../field-errors.ts';
import { age } from '../human-duration.ts';
import { isJsonObject, listAt, numberAt, objectAt, textAt, valueAt, type JsonObject } from '../json.ts';
import type { Cell, FieldError } from '../kind.ts';
import { objectMeta, objectSchema } from '../metadata-schema.ts';
import { ageColumn, ageOf, builtIn, column, nameColumn, nameOf, orNone, wide, withFields } from './built-in.ts';
import { scheduleProblem, timeZoneProblem } from './cron-syntax.ts';
import { completeTemplate } from './job-defaults.ts';
import { validateJobSpec } from './job-rules.ts';
import { jobSpec } from './job-schema.ts';
import { containerCells } from './job.ts';
import { formatSelector } from './selectors.ts';
import { objectReference } from './volume-schema.ts';

const spec = named(
  'batch.v1.CronJobSpec',
  {
    schedule: about('When jobs are made, as in crontab: minute, hour, day of month, month, day of week.', text),
    timeZone: about("The time zone of the schedule; the server's own where it is absent.", text),
    concurrencyPolicy: about(
      'Whether a job may start while the last one runs.',
      byDefault('Allow', oneOf('Allow', 'Forbid', 'Replace')),
    ),
    suspend: about('Whether no more jobs are to be made.', byDefault(false, flag)),
    startingDeadlineSeconds: about('How late a job may still start.', int64),
    successfulJobsHistoryLimit: about('How many jobs that succeeded are kept.', byDefault(3, int32)),
    failedJobsHistoryLimit: about('How many jobs that failed are kept.', byDefault(1, int32)),
    jobTemplate: about(
      'What the jobs are made from.',
      named('batch.v1.JobTemplateSpec', { metadata: objectMeta, spec: jobSpec }),
    ),
  },
  { description: 'A schedule and the work that it starts.', required: ['schedule', 'jobTemplate'] },
);

const status = named('batch.v1.CronJobStatus', {
  active: about('The jobs that run.', list(objectReference)),
  ...each(time, 'lastScheduleTime', 'lastSuccessfulTime'),
});

/** A job's name is the cron job's with the time after it, and must not be longer than a label. */
const LONGEST_NAME = 52;

function validateSchedule(schedule: string): readonly FieldError[] {
  if (schedule === '') return [required('spec.schedule')];
  const problem = scheduleProblem(schedule);
  return [
    ...(problem === undefined ? [] : [invalid('spec.schedule', schedule, problem)]),
    ...(schedule.includes('TZ')
      ? [invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
      : []),
  ];
}

/** Source of the rules: k8s.io/kubernetes, pkg/apis/batch/validation, validateCronJobSpec. */
function validate(cronJob: JsonObject, old?: JsonObject): readonly FieldError[] {
  const own = objectAt(cronJob, 'spec');
  const zone = valueAt(own, 'timeZone');
  const problem =
    typeof zone === 'string' && zone !== valueAt(old, 'spec', 'timeZone') ? timeZoneProblem(zone) : undefined;
  const name = nameOf(cronJob);
  return [
    ...(old === undefined && name.length > LONGEST_NAME
      ? [invalid('metadata.name', name, `must be no more than ${LONGEST_NAME} characters`)]
      : []),
    ...validateSchedule(textAt(own, 'schedule')),
    ...['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'].flatMap((field) =>
      nonNegative(`spec.${field}`, numberAt(own, field)),
    ),
    ...(problem === undefined ? [] : [invalid('spec.timeZone', zone, problem)]),
    ...validateJobSpec(objectAt(own, 'jobTemplate', 'spec'), 'spec.jobTemplate.spec'),
  ];
}

function row(cronJob: JsonObject, now: Date): readonly Cell[] {
  const own = objectAt(cronJob, 'spec');
  const jobs = objectAt(own, 'jobTemplate', 'spec');
  const last = textAt(cronJob, 'status', 'lastScheduleTime');
  return [
    nameOf(cronJob),
    textAt(own, 'schedule'),
    orNone(textAt(own, 'timeZone')),
    own['suspend'] === true ? 'True' : 'False',
    listAt(cronJob, 'status', 'active').length,
    last === '' ? '<none>' : age(last, now),
    ageOf(cronJob, now),
    ...containerCells(jobs['template']),
    formatSelector(jobs['selector']),
  ];
}

export const cronJob = builtIn({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  namespaced: true,
  schema: objectSchema(
    'batch.v1.CronJob',
    'Work that is done again and again, on a schedule.',
    {
      spec: about('When and what.', spec),
      status: about('How it goes.', byDefault({}, status)),
    },
    ['spec'],
  ),
  columns: [
    nameColumn,
    column('Schedule', 'When jobs are made.'),
    column('Timezone', 'The time zone of the schedule.'),
    column('Suspend', 'Whether no more jobs are made.', { type: 'boolean' }),
    column('Active', 'How many of its jobs run.', { type: 'integer' }),
    column('Last Schedule', 'When the last job was made.'),
    ageColumn,
    wide('Containers', 'The names of the containers.'),
    wide('Images', 'The images of the containers.'),
    wide('Selector', 'How the pods are found.'),
  ],
  complete: (object) => {
    const jobs = valueAt(object, 'spec', 'jobTemplate', 'spec');
    if (isJsonObject(jobs)) completeTemplate(jobs);
    return object;
  },
  prepareForCreate: (object) => withFields(object, { status: {} }),
  validate,
  row,
});
