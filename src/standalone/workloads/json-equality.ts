import { isDeepStrictEqual } from 'node:util';

/** Whether two values are the same once written: fields that are undefined are not there. */
export function isSameJson(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(written(one), written(other));
}

function written(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
