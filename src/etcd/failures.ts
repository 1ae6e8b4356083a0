import type { ServiceError } from '@grpc/grpc-js';
import { NoAnswer, type Connection } from './connection.ts';
import { diagnose } from './diagnose.ts';
import { EtcdError, type EtcdErrorCode } from './errors.ts';
import { hintFor } from './hints.ts';
import { meaningOf } from './status.ts';

/** Finding out why a connection failed may take this long on top of the caller's own time limit. */
const DIAGNOSIS_MS = 2_000;

export interface Attempted {
  /** What was attempted, as a phrase: "reading its status". */
  readonly what: string;
  /** How long the member was given. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The one place where failures of gRPC become ours. Anything foreign, such as the reason of an aborted signal, comes
 * back as it is.
 */
export async function explain(thrown: unknown, connection: Connection, attempted: Attempted): Promise<Error> {
  if (thrown instanceof NoAnswer)
    return (await whyNoConnection(connection, attempted)) ?? noAnswer(connection, attempted);
  if (!isServiceError(thrown)) return thrown as Error;
  const code = meaningOf(thrown.code, thrown.details);
  if (code !== undefined) return failure(code, connection, attempted, thrown.details, thrown);
  const found = await whyNoConnection(connection, attempted);
  return found ?? failure('ETCD_UNREACHABLE', connection, attempted, thrown.details, thrown);
}

function whyNoConnection(connection: Connection, { signal }: Attempted): Promise<EtcdError | undefined> {
  return diagnose(connection.endpoint, connection.tls, { timeoutMs: DIAGNOSIS_MS, signal });
}

function noAnswer(connection: Connection, { what, timeoutMs }: Attempted): EtcdError {
  const { url } = connection.endpoint;
  return new EtcdError('ETCD_TIMEOUT', `${url} did not answer within ${timeoutMs / 1000} s (${what})`, {
    hint: hintFor('ETCD_TIMEOUT'),
    subject: url,
  });
}

function failure(
  code: EtcdErrorCode,
  { endpoint }: Connection,
  { what }: Attempted,
  why: string,
  cause: unknown,
): EtcdError {
  const hint = hintFor(code);
  return new EtcdError(code, `${endpoint.url}: ${what} failed: ${why}`, { hint, subject: endpoint.url, cause });
}

export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && 'details' in thrown;
}
