import { ApiServerError, type CallOptions, type Namespace, type Transport } from '../../apiserver/index.ts';

const MOST_MS = 30_000;

/**
 * Writes a namespace's `spec.finalizers` by the subresource that is for that alone. A namespace that has changed or gone
 * meanwhile is left to the next pass.
 */
export async function finalizeNamespace(
  transport: Transport,
  namespace: Namespace,
  options: CallOptions,
): Promise<void> {
  const response = await transport({
    method: 'PUT',
    target: `/api/v1/namespaces/${encodeURIComponent(namespace.metadata.name)}/finalize`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(JSON.stringify(namespace)),
    signal: options.signal ?? AbortSignal.timeout(MOST_MS),
  });
  // To its end, so that the connection can be used again.
  const answer: Uint8Array[] = [];
  for await (const chunk of response.body) answer.push(chunk);
  if (response.status < 300 || response.status === 404 || response.status === 409) return;
  const { name } = namespace.metadata;
  throw new ApiServerError(
    'APISERVER_STATUS',
    `the API answered ${response.status} to the end of the namespace ${name}`,
    {
      hint: `See what the namespace says: kubectl get namespace ${name} -o yaml`,
    },
  );
}
