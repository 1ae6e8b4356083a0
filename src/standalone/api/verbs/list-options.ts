import type { FieldError } from '../../schema/index.ts';
import { readFlag, readInteger } from '../protocol/options.ts';
import { badRequest, invalid } from '../protocol/status.ts';

/** The parameters of lists and watches (metav1.ListOptions) but for the selectors. */
export interface ListOptions {
  readonly limit: number;
  readonly continue: string;
  /** Undefined: not said. */
  readonly version: bigint | undefined;
  readonly match: '' | 'Exact' | 'NotOlderThan';
  readonly allowBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  readonly timeoutSeconds: number | undefined;
}

/** @throws Refusal 400, 422 (apimachinery, apis/meta/internalversion/validation) */
export function readListOptions(query: URLSearchParams, isWatch: boolean): ListOptions {
  const match = query.get('resourceVersionMatch') ?? '';
  const options = {
    limit: Math.max(0, readInteger(query, 'limit') ?? 0),
    continue: query.get('continue') ?? '',
    version: readVersion(query.get('resourceVersion') ?? ''),
    allowBookmarks: readFlag(query, 'allowWatchBookmarks'),
    sendInitialEvents: query.has('sendInitialEvents') ? readFlag(query, 'sendInitialEvents') : undefined,
    timeoutSeconds: readInteger(query, 'timeoutSeconds'),
  };
  const errors = isWatch ? watchErrors(options, match) : listErrors(options, match);
  if (errors.length > 0 || !isMatch(match)) {
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
  }
  return { ...options, match };
}

function isMatch(text: string): text is ListOptions['match'] {
  return text === '' || text === 'Exact' || text === 'NotOlderThan';
}

function readVersion(text: string): bigint | undefined {
  if (text === '') return undefined;
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  const quoted = JSON.stringify(text);
  throw badRequest(`resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`);
}

type Options = Omit<ListOptions, 'match'>;

const FIELD = 'resourceVersionMatch';

function listErrors(options: Options, match: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (match !== '') {
    if (options.version === undefined)
      errors.push(no(FIELD, `${FIELD} is forbidden unless resourceVersion is provided`));
    if (options.continue !== '') errors.push(no(FIELD, `${FIELD} is forbidden when continue is provided`));
    if (!isMatch(match)) errors.push(unknown(match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && options.version === 0n) {
      errors.push(no(FIELD, `${FIELD} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(no('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return errors;
}

function watchErrors(options: Options, match: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const isAsked = options.sendInitialEvents !== undefined;
  if (isAsked && match !== 'NotOlderThan') {
    errors.push(no(FIELD, `sendInitialEvents requires setting ${FIELD} to NotOlderThan`));
  }
  if (match === '') return errors;
  if (!isAsked) errors.push(no(FIELD, `${FIELD} is forbidden for watch unless sendInitialEvents is provided`));
  if (match !== 'NotOlderThan') errors.push(unknown(match, ['NotOlderThan']));
  if (options.continue !== '') errors.push(no(FIELD, `${FIELD} is forbidden when continue is provided`));
  return errors;
}

function no(field: string, detail: string): FieldError {
  return { field, reason: 'FieldValueForbidden', message: `Forbidden: ${detail}` };
}

function unknown(match: string, known: readonly string[]): FieldError {
  const names = known.map((name) => JSON.stringify(name)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(match)}: supported values: ${names}`;
  return { field: FIELD, reason: 'FieldValueNotSupported', message };
}
