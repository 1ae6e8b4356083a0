import { ApiServerError } from '../apiserver/index.ts';

/** Whether the API server answered so. */
export function hasCode(error: unknown, ...codes: readonly ApiServerError['code'][]): error is ApiServerError {
  return error instanceof ApiServerError && codes.includes(error.code);
}

/** What is read; undefined where it is not there. */
export async function absentAsUndefined<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (hasCode(error, 'APISERVER_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Gone already, or another by now: as good as removed. */
export async function removed(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!hasCode(error, 'APISERVER_NOT_FOUND', 'APISERVER_CONFLICT')) throw error;
  }
}
