import { isJsonObject, type Json } from '../schema/index.ts';
import { printPath, type Path, type PathElement } from './field-path.ts';
import { goText, goType } from './go-text.ts';
import { fieldType, formFor, listElement, mapElements, type ListType, type MapType, type Type } from './typed.ts';

interface ValidationOptions {
  /** Whether lists may name an element twice, as objects stored long ago may. */
  readonly allowsDuplicates: boolean;
}

/**
 * What keeps a value from being merged by its type, in the words of structured-merge-diff. It is no validation of the
 * object: types are wide, and nothing is required.
 */
export function typeProblems(type: Type, value: Json, options: ValidationOptions): readonly string[] {
  return problems(type, value, [], options);
}

function problems(type: Type, value: Json, path: Path, options: ValidationOptions): string[] {
  const form = formFor(type, value);
  if (value === null) return [];
  if (form.map) return mapProblems(form.map, value, path, options);
  if (form.scalar) return isScalar(form.scalar, value) ? [] : [problem(path, expectation(form.scalar, value))];
  if (form.list) return listProblems(form.list, value, path, options);
  return [];
}

function mapProblems(map: MapType, value: Json, path: Path, options: ValidationOptions): string[] {
  if (!isJsonObject(value)) return [problem(path, `expected map, got &{${goText(value)}}`)];
  return mapElements(value).flatMap(([element, name, field]) => {
    const type = fieldType(map, name);
    const at = [...path, element];
    return type ? problems(type, field, at, options) : [problem(at, 'field not declared in schema')];
  });
}

function listProblems(list: ListType, value: Json, path: Path, options: ValidationOptions): string[] {
  if (!Array.isArray(value)) return [problem(path, `expected list, got &{${goText(value)}}`)];
  const seen = new Set<PathElement>();
  return value.flatMap((item, place) => {
    const element: ReturnType<typeof listElement> = list.isAtomic ? `i:${place}` : listElement(list, item);
    if (typeof element === 'object') return [problem(path, `element ${place}: ${element.problem}`)];
    const isTwice = seen.has(element) && !options.allowsDuplicates;
    seen.add(element);
    const below = problems(list.items, item, [...path, element], options);
    return isTwice ? [problem(path, `duplicate entries for key ${printPath([element])}`), ...below] : below;
  });
}

function isScalar(scalar: NonNullable<Type['scalar']>, value: Json): boolean {
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number';
    case 'untyped':
      return typeof value !== 'object';
    case 'string':
    case 'boolean':
      return typeof value === scalar;
  }
}

function expectation(scalar: NonNullable<Type['scalar']>, value: Json): string {
  if (scalar === 'numeric') return `expected numeric (int or float), got ${goType(value)}`;
  if (scalar === 'string') return `expected string, got &value.valueUnstructured{Value:${goText(value)}}`;
  return `expected ${scalar === 'untyped' ? 'any scalar' : scalar}, got &{${goText(value)}}`;
}

function problem(path: Path, text: string): string {
  return path.length === 0 ? text : `${printPath(path)}: ${text}`;
}
