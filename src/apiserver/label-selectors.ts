import * as z from 'zod';

const expression = z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).nullish() });
const expressions = z
  .array(expression)
  .nullish()
  .catch([{ key: '', operator: 'unreadable' }]);

/** One requirement of a selector. */
export type Expression = z.infer<typeof expression>;

/** The expressions of a selector as they came; what cannot be read becomes one that nothing fulfils. */
export function parseExpressions(raw: unknown): readonly Expression[] {
  return expressions.parse(raw) ?? [];
}

/** Whether labels fulfil one requirement; an operator that is not known fulfils nothing. */
export function fulfils(labels: Readonly<Record<string, string>>, { key, operator, values }: Expression): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && (values ?? []).includes(value);
    case 'NotIn':
      return value === undefined || !(values ?? []).includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && compare(value, values?.[0], (left, right) => left > right);
    case 'Lt':
      return value !== undefined && compare(value, values?.[0], (left, right) => left < right);
    default:
      return false;
  }
}

const INTEGER = /^[+-]?\d+$/;

function compare(left: string, right: string | undefined, holds: (left: bigint, right: bigint) => boolean): boolean {
  if (right === undefined || !INTEGER.test(left) || !INTEGER.test(right)) return false;
  return holds(BigInt(left.replace('+', '')), BigInt(right.replace('+', '')));
}

/** Whether labels fulfil a LabelSelector; one that is absent or empty selects everything. */
export function selects(
  selector:
    | { readonly matchLabels?: Readonly<Record<string, string>> | undefined; readonly [more: string]: unknown }
    | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const wanted = Object.entries(selector?.matchLabels ?? {});
  return (
    wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) &&
    parseExpressions(selector?.['matchExpressions']).every((each) => fulfils(labels, each))
  );
}
