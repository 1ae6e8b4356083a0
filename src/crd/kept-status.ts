import * as z from 'zod';

/**
 * Where the status is kept as well if the API server drops fields of it: a cluster's own definitions of the two kinds (OpenShift
 * brings them with its feature gate) know less than ours, and prune what they do not know.
 */
export const STATUS_ANNOTATION = 'backup.holdfast.io/status';

const annotated = z.looseObject({
  metadata: z.looseObject({ annotations: z.looseObject({ [STATUS_ANNOTATION]: z.string() }) }),
  status: z.looseObject({}).optional(),
});

/** Has a kind read with the status that was kept in its annotation; what the status itself says counts more. */
export function withKeptStatus<S extends z.ZodType>(schema: S): z.ZodType<z.output<S>> {
  return z.preprocess((raw) => {
    const { data } = annotated.safeParse(raw);
    const kept = data && parse(data.metadata.annotations[STATUS_ANNOTATION]);
    return kept === undefined ? raw : { ...data, status: { ...kept, ...data?.status } };
  }, schema);
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    // Somebody has edited it: what it held is written again with the next change.
    return undefined;
  }
}
