import * as z from 'zod';
import type { ApiClient, GetOptions } from './client.ts';
import { ApiServerError } from './errors.ts';

const OPENSHIFT = '/apis/config.openshift.io/v1';

/** One ClusterOperator's answer to "is a rollout going on?". */
export interface OperatorProgress {
  readonly name: string;
  /** True unless the operator says that it is not: `Unknown`, or no condition at all, is no reliable state either. */
  readonly progressing: boolean;
  /** The operator's own words, on one line; empty where it gives none. */
  readonly message: string;
  /** Since when it is as it is, RFC 3339, where it says so. */
  readonly since: string | undefined;
  /** The operator's version, where it says one. */
  readonly version: string | undefined;
}

/** The cluster-wide proxy of OpenShift. All undefined where none is set. The URLs may hold a password: redact before showing. */
export interface ClusterProxy {
  readonly httpProxy: string | undefined;
  readonly httpsProxy: string | undefined;
  /** Comma-separated, as `NO_PROXY` takes it. */
  readonly noProxy: string | undefined;
}

const operatorSchema = z.object({
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            message: z.string().optional(),
            lastTransitionTime: z.string().nullish(),
          }),
        )
        .nullish(),
      versions: z.array(z.object({ name: z.string(), version: z.string() })).nullish(),
    })
    .nullish(),
});

/** What a ClusterOperator says of itself, as far as it matters here. */
export type OperatorStatus = z.infer<typeof operatorSchema>['status'];

/** The operators whose revisions a backup holds. */
export const STATIC_POD_OPERATORS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'] as const;

const proxyFields = z.object({
  httpProxy: z.string().optional(),
  httpsProxy: z.string().optional(),
  noProxy: z.string().optional(),
});
const proxySchema = z.object({ spec: proxyFields.nullish(), status: proxyFields.nullish() });

const serverVersionSchema = z.object({ gitVersion: z.string() });

/**
 * Asks each ClusterOperator whether it is rolling out.
 *
 * @param operators - `kube-apiserver`, `etcd` …; the result has their order
 * @throws ApiServerError; APISERVER_NOT_FOUND where one is not there
 */
export async function clusterOperatorsProgressing(
  client: ApiClient,
  operators: readonly string[],
  options: GetOptions = {},
): Promise<readonly OperatorProgress[]> {
  return Promise.all(
    operators.map(async (name) => {
      const { status } = await read(client, `${OPENSHIFT}/clusteroperators/${name}`, operatorSchema, options);
      return progressOf(name, status);
    }),
  );
}

/** Reads from a ClusterOperator's status whether it is rolling out. */
export function progressOf(name: string, status: OperatorStatus): OperatorProgress {
  const condition = status?.conditions?.find(({ type }) => type === 'Progressing');
  return {
    name,
    progressing: condition?.status !== 'False',
    message: (condition === undefined ? 'it reports no Progressing condition' : (condition.message ?? ''))
      .replaceAll(/\s+/g, ' ')
      .trim(),
    since: condition?.lastTransitionTime ?? undefined,
    version: status?.versions?.find((each) => each.name === 'operator')?.version,
  };
}

/**
 * The cluster-wide proxy, as the cluster uses it (`status`), else as it was asked for (`spec`). No such object means no proxy.
 *
 * @throws ApiServerError
 */
export async function clusterProxy(client: ApiClient, options: GetOptions = {}): Promise<ClusterProxy> {
  try {
    const { spec, status } = await read(client, `${OPENSHIFT}/proxies/cluster`, proxySchema, options);
    const value = (field: keyof ClusterProxy): string | undefined => status?.[field] ?? spec?.[field];
    return { httpProxy: value('httpProxy'), httpsProxy: value('httpsProxy'), noProxy: value('noProxy') };
  } catch (error) {
    if (error instanceof ApiServerError && error.code === 'APISERVER_NOT_FOUND') {
      return { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined };
    }
    throw error;
  }
}

/**
 * The Kubernetes version of the API server, as `v1.31.2`.
 *
 * @throws ApiServerError
 */
export async function serverVersion(client: ApiClient, options: GetOptions = {}): Promise<string> {
  return (await read(client, '/version', serverVersionSchema, options)).gitVersion;
}

async function read<T>(client: ApiClient, path: string, schema: z.ZodType<T>, options: GetOptions): Promise<T> {
  const parsed = schema.safeParse(await client.get(path, options));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
  throw new ApiServerError(
    'APISERVER_BAD_RESPONSE',
    `${client.server} answered ${path} with something else (${where})`,
    {
      subject: path,
      hint: 'Check that the server of the kubeconfig is a Kubernetes API server of a supported version.',
    },
  );
}
