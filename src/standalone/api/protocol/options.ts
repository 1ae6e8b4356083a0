import type { FieldError } from '../../schema/index.ts';
import type { Request } from './request.ts';
import { badRequest, invalid } from './status.ts';

/** The parameters of a write (metav1.CreateOptions and its like). */
export interface WriteOptions {
  readonly isDryRun: boolean;
  readonly manager: string;
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
}

const LONGEST_MANAGER = 128;

/** @throws Refusal 422 where a parameter has no meaning */
export function readWriteOptions(request: Request, kind: string): WriteOptions {
  const { query } = request;
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const manager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const errors: FieldError[] = [];
  if (manager.length > LONGEST_MANAGER) {
    errors.push({
      field: 'fieldManager',
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${LONGEST_MANAGER} bytes`,
    });
  }
  if (dryRun.some((value) => value !== 'All')) errors.push(dryRunError(dryRun));
  if (!isFieldValidation(fieldValidation)) {
    errors.push({
      field: 'fieldValidation',
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(fieldValidation)}: supported values: "", "Ignore", "Strict", "Warn"`,
    });
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
  return {
    isDryRun: dryRun.length > 0,
    manager: manager === '' ? managerOf(request) : manager,
    fieldValidation: isFieldValidation(fieldValidation) ? (fieldValidation === '' ? 'Warn' : fieldValidation) : 'Warn',
  };
}

export function dryRunError(values: readonly string[]): FieldError {
  return {
    field: 'dryRun',
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${JSON.stringify(values)}: supported values: "All"`,
  };
}

function isFieldValidation(text: string): text is '' | 'Strict' | 'Warn' | 'Ignore' {
  return ['', 'Strict', 'Warn', 'Ignore'].includes(text);
}

/** Who writes, where the request does not say it: what the user agent begins with (handlers/create.go). */
export function managerOf({ headers }: Request): string {
  const prefix = (headers['user-agent'] ?? '').split('/', 1)[0] ?? '';
  const printable = prefix.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '').slice(0, LONGEST_MANAGER);
  return printable === '' ? 'unknown' : printable;
}

/** A boolean parameter as Go reads it; absent is false. */
export function readFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  if (value === null) return false;
  // A parameter without a value counts as set (apimachinery, runtime/conversion.go: Convert_Slice_string_To_bool).
  return !['0', 'false'].includes(value.toLowerCase());
}

/** @throws Refusal 400 where it is no whole number */
export function readInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  const number = Number(value);
  if (!/^-?\d{1,15}$/.test(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return number;
}
