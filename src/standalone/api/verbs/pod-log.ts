import type { ApiResponse } from '../../../apiserver/index.ts';
import { listAt, textAt, type JsonObject } from '../../schema/index.ts';
import type { Environment } from '../environment.ts';
import { readFlag, readInteger } from '../protocol/options.ts';
import { streamReply } from '../protocol/reply.ts';
import type { Request } from '../protocol/request.ts';
import { badRequest, invalid, notFound } from '../protocol/status.ts';
import { keyOf, type Scope } from '../scope.ts';

/** What a pod's container has written. */
export async function podLog(
  { objects, readPodLog }: Environment,
  request: Request,
  scope: Scope,
): Promise<ApiResponse> {
  const { query, signal } = request;
  const found = objects.get(keyOf(scope, scope.name));
  if (found === undefined) throw notFound(scope.kind, scope.name);
  const container = containerOf(found.object, query.get('container') ?? '');
  const where = `container ${JSON.stringify(container)} in pod ${JSON.stringify(scope.name)}`;
  if (readFlag(query, 'previous')) throw badRequest(`previous terminated ${where} not found`);
  const log = await readPodLog?.({
    namespace: scope.namespace,
    pod: scope.name,
    container,
    follow: readFlag(query, 'follow'),
    tailLines: notNegative(query, 'tailLines'),
    sinceSeconds: notNegative(query, 'sinceSeconds'),
    limitBytes: notNegative(query, 'limitBytes'),
    timestamps: readFlag(query, 'timestamps'),
    signal,
  });
  if (log === undefined) throw badRequest(`${where} is waiting to start: ContainerCreating`);
  return streamReply(log, 'text/plain');
}

/** @throws Refusal 400 (kubernetes/pkg/registry/core/pod/strategy.go: LogLocation) */
function containerOf(pod: JsonObject, asked: string): string {
  const name = textAt(pod, 'metadata', 'name');
  const names = listAt(pod, 'spec', 'containers').map((container) => textAt(container, 'name'));
  const [only = '', ...others] = names;
  if (asked === '' && others.length === 0) return only;
  if (asked === '') {
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]`);
  }
  if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
  return asked;
}

function notNegative(query: URLSearchParams, name: string): number | undefined {
  const value = readInteger(query, name);
  if (value === undefined || value >= 0) return value;
  const message = `Invalid value: ${value}: must be greater than or equal to 0`;
  throw invalid({ group: '', kind: 'PodLogOptions' }, '', [{ field: name, reason: 'FieldValueInvalid', message }]);
}
