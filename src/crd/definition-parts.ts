/** Pieces of the structural schemas that both definitions share. */

/** The three fields every object has. */
export const objectFields = {
  apiVersion: { type: 'string', description: 'The group and version of the kind, as group/version.' },
  kind: { type: 'string', description: 'The kind of the object.' },
  metadata: { type: 'object' },
} as const;

/** metav1.Condition, with the limits that Kubernetes sets for it (apimachinery, pkg/apis/meta/v1/types.go). */
const conditionSchema = {
  type: 'object',
  description: 'One aspect of the present state.',
  required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
  properties: {
    type: {
      type: 'string',
      description: 'What the condition is about.',
      maxLength: 316,
      pattern:
        '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$',
    },
    status: { type: 'string', description: 'Whether it holds.', enum: ['True', 'False', 'Unknown'] },
    reason: {
      type: 'string',
      description: 'Why it holds or not, in one word for programs.',
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    },
    message: { type: 'string', description: 'The same for people.', maxLength: 32768 },
    lastTransitionTime: { type: 'string', format: 'date-time', description: 'When the status last changed.' },
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      minimum: 0,
      description: 'The generation of the object that this was found of.',
    },
  },
} as const;

/** A list of conditions, one of each type. */
export function conditionList(description: string): object {
  return {
    type: 'array',
    description,
    items: conditionSchema,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  };
}

export function text(description: string): object {
  return { type: 'string', description };
}

export function time(description: string): object {
  return { type: 'string', format: 'date-time', description };
}

/** A whole number that is not negative. */
export function count(description: string): object {
  return { type: 'integer', format: 'int64', minimum: 0, description };
}

/** What is kept of a series. */
export const keptSchema = {
  type: 'object',
  description: 'The good backups of the series that stood after the last retention.',
  required: ['backups', 'bytes'],
  properties: { backups: count('How many.'), bytes: count('All their files together.') },
} as const;

/** The file system that a backup lies on. */
export const volumeSchema = {
  type: 'object',
  description: 'The file system that the backup lies on, right after it.',
  required: ['freeBytes', 'totalBytes'],
  properties: { freeBytes: count('What may still be written.'), totalBytes: count('Its size.') },
} as const;
