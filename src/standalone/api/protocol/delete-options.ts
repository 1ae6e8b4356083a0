import * as z from 'zod';
import type { FieldError } from '../../schema/index.ts';
import { readObject } from './body.ts';
import { dryRunError, readFlag, readInteger } from './options.ts';
import type { Request } from './request.ts';
import { badRequest, invalid } from './status.ts';

/** How an object shall be deleted (metav1.DeleteOptions). */
export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined;
  readonly propagation: 'Background' | 'Foreground' | 'Orphan' | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly isDryRun: boolean;
  /** The old way to ask for dependents to go: the answer to it is 202 while the object stands. */
  readonly isOldCascade: boolean;
}

const bodySchema = z.looseObject({
  kind: z.string().optional(),
  gracePeriodSeconds: z.int().nullish(),
  propagationPolicy: z.string().nullish(),
  orphanDependents: z.boolean().nullish(),
  preconditions: z.looseObject({ uid: z.string().nullish(), resourceVersion: z.string().nullish() }).nullish(),
  dryRun: z.array(z.string()).nullish(),
});

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const;

/**
 * From the body, or where there is none from the query.
 *
 * @throws Refusal 400, 415, 422
 */
export async function readDeleteOptions(request: Request): Promise<DeleteOptions> {
  const { query, body } = request;
  if (body === undefined || body.length === 0) {
    const orphan = query.has('orphanDependents') ? readFlag(query, 'orphanDependents') : undefined;
    return checked({
      gracePeriodSeconds: readInteger(query, 'gracePeriodSeconds'),
      propagationPolicy: query.get('propagationPolicy') ?? undefined,
      orphanDependents: orphan,
      dryRun: query.getAll('dryRun'),
    });
  }
  const parsed = bodySchema.safeParse(await readObject(request));
  if (!parsed.success) throw badRequest('the body of the request is no DeleteOptions');
  const { kind = 'DeleteOptions' } = parsed.data;
  if (kind !== 'DeleteOptions') throw badRequest(`no kind ${JSON.stringify(kind)} can be used as DeleteOptions`);
  return checked(parsed.data);
}

function checked(options: z.output<typeof bodySchema>): DeleteOptions {
  const policy = options.propagationPolicy ?? undefined;
  const orphan = options.orphanDependents ?? undefined;
  const dryRun = options.dryRun ?? [];
  const known = POLICIES.find((each) => each === policy);
  const errors: FieldError[] = [];
  if (policy !== undefined && orphan !== undefined) {
    errors.push({
      field: 'propagationPolicy',
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
    });
  }
  if (policy !== undefined && known === undefined) {
    errors.push({
      field: 'propagationPolicy',
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
    });
  }
  if (dryRun.some((value) => value !== 'All')) errors.push(dryRunError(dryRun));
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  return {
    gracePeriodSeconds: options.gracePeriodSeconds ?? undefined,
    propagation: known ?? (orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background'),
    uid: options.preconditions?.uid ?? undefined,
    resourceVersion: options.preconditions?.resourceVersion ?? undefined,
    isDryRun: dryRun.length > 0,
    isOldCascade: orphan === false,
  };
}
