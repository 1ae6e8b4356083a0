import * as z from 'zod';
import { badRequest } from '../protocol/status.ts';

/** Where a list goes on: what `continue` carries (apiserver, storage/continue.go). */
export interface ContinueToken {
  /** As of which revision; -1: as of now, whatever has changed meanwhile. */
  readonly revision: bigint;
  /** The first path that may follow. */
  readonly start: string;
}

const schema = z.object({ v: z.string(), rv: z.int(), start: z.string() });

export function encodeContinue({ revision, start }: ContinueToken): string {
  const json = JSON.stringify({ v: 'meta.k8s.io/v1', rv: Number(revision), start });
  return Buffer.from(json).toString('base64url');
}

/** @throws Refusal 400 */
export function decodeContinue(text: string): ContinueToken {
  const token = schema.safeParse(parse(text)).data;
  if (token === undefined) throw badRequest('continue key is not valid');
  if (token.v !== 'meta.k8s.io/v1') {
    throw badRequest(`continue key is not valid: server does not recognize this encoded version ${token.v}`);
  }
  if (token.rv === 0) {
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (token.start === '') {
    throw badRequest('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  }
  return { revision: BigInt(token.rv), start: token.start };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
