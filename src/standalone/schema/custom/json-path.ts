import { isJsonObject, type Json } from '../json.ts';

/**
 * The simple JSONPath of printer columns: `.spec.schedule`, `.items[0].name`, `.status.conditions[?(@.type=="Ready")].status`,
 * `.metadata.labels['a.b/c']`, `.metadata.labels.a\.b/c`.
 */
export type JsonPath = (value: Json) => readonly Json[];

type Step = (value: Json) => readonly Json[];

const STEP =
  /\.((?:[^.[\]\\]|\\.)+)|\[(-?\d+|\*)\]|\['((?:[^'\\]|\\.)*)'\]|\[\?\(@\.([\w.]+)\s*==\s*(?:"([^"]*)"|'([^']*)'|(true|false|\d+))\)\]/y;

/** @returns undefined for a path that is not of this form */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('.') && !text.startsWith('[')) return undefined;
  const steps: Step[] = [];
  const pattern = new RegExp(STEP);
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (found === null) return undefined;
    steps.push(stepOf(found));
  }
  return (value) => steps.reduce<readonly Json[]>((values, step) => values.flatMap(step), [value]);
}

function stepOf([, name, index, quoted, filter, ...wanted]: RegExpExecArray): Step {
  const field = name ?? quoted;
  if (field !== undefined) return child(field.replaceAll(/\\(.)/g, '$1'));
  if (index === '*') return (value) => (Array.isArray(value) ? value : []);
  if (index !== undefined) return (value) => present(Array.isArray(value) ? value.at(Number(index)) : undefined);
  const path = (filter ?? '').split('.').map(child);
  const text = wanted.find(Boolean) ?? '';
  return (value) => (Array.isArray(value) ? value.filter((item) => equals(path, item, text)) : []);
}

const present = (value: Json | undefined): readonly Json[] => (value === undefined ? [] : [value]);

const child =
  (name: string): Step =>
  (value) =>
    isJsonObject(value) && Object.hasOwn(value, name) ? present(value[name]) : [];

function equals(path: readonly Step[], item: Json, text: string): boolean {
  const found = path.reduce<readonly Json[]>((values, step) => values.flatMap(step), [item]);
  return found.some((value) => (typeof value === 'string' ? value : JSON.stringify(value)) === text);
}
