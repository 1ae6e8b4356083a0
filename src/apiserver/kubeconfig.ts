import { readFile } from 'node:fs/promises';
import { isAbsolute, join, posix } from 'node:path';
import { load } from 'js-yaml';
import * as z from 'zod';
import { messageOf, Secret } from '../base/index.ts';
import { ApiServerError } from './errors.ts';

/** How to reach one API server as one user. */
export interface Kubeconfig {
  /** The context's name. */
  readonly context: string;
  readonly server: URL;
  /** PEM. Undefined: the system's own authorities. */
  readonly certificateAuthority: Buffer | undefined;
  /** The name that the server's certificate has to carry, where it is not the host of `server`. */
  readonly tlsServerName: string | undefined;
  /** PEM. */
  readonly clientCertificate: Buffer | undefined;
  /** PEM. */
  readonly clientKey: Secret | undefined;
  readonly token: Secret | undefined;
  /** The token of this moment, where it is replaced while the process runs; goes before `token`. */
  readonly currentToken?: (() => Promise<Secret>) | undefined;
}

/** Where a kubeconfig comes from. */
export interface KubeconfigSource {
  /** The file, as the host names it. It is read unless `text` is given, and names it in messages. */
  readonly path: string;
  readonly text?: string | undefined;
  /**
   * Where a file of the host lies on this machine, for the kubeconfig itself and the files that it names. A relative name
   * is taken from the kubeconfig's own folder first, as client-go does. Default: `path` below `hostRoot`.
   */
  readonly resolvePath?: ((path: string) => Promise<string>) | undefined;
  /** The folder of this machine that is the host's `/`. Default: `/`. Not used with `resolvePath`. */
  readonly hostRoot?: string | undefined;
}

const clusterSchema = z.object({
  server: z.string(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'tls-server-name': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'proxy-url': z.string().optional(),
});

const userSchema = z.object({
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  username: z.string().optional(),
  exec: z.unknown().optional(),
  'auth-provider': z.unknown().optional(),
});

const kubeconfigSchema = z.object({
  'current-context': z.string().optional(),
  clusters: z.array(z.object({ name: z.string(), cluster: clusterSchema })).default([]),
  users: z.array(z.object({ name: z.string(), user: userSchema.nullish() })).default([]),
  contexts: z
    .array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string().default('') }) }))
    .default([]),
});

/**
 * Reads a kubeconfig's current context, with the files that it names.
 *
 * @throws ApiServerError APISERVER_KUBECONFIG_MISSING, _INVALID, _UNSUPPORTED (exec and auth-provider plugins, proxies, basic
 * authentication, unverified TLS)
 */
export async function loadKubeconfig(source: KubeconfigSource): Promise<Kubeconfig> {
  const text = source.text ?? (await read(source, source.path)).toString('utf8');
  const config = parse(text, source.path);
  const context = pick(config.contexts, config['current-context'], 'context', source.path);
  const { cluster } = pick(config.clusters, context.context.cluster, 'cluster', source.path);
  const user = userOf(config.users, context.context.user, source.path);
  refuseUnsupported(cluster, user, source.path);
  const material = (data: string | undefined, file: string | undefined): Promise<Buffer | undefined> => {
    if (data !== undefined && data !== '') return Promise.resolve(Buffer.from(data, 'base64'));
    return file === undefined || file === '' ? Promise.resolve(undefined) : read(source, file);
  };
  const clientKey = await material(user['client-key-data'], user['client-key']);
  const token =
    user.token ?? (user.tokenFile ? (await read(source, user.tokenFile)).toString('utf8').trim() : undefined);
  return {
    context: context.name,
    server: serverOf(cluster.server, source.path),
    certificateAuthority: await material(cluster['certificate-authority-data'], cluster['certificate-authority']),
    tlsServerName: cluster['tls-server-name'],
    clientCertificate: await material(user['client-certificate-data'], user['client-certificate']),
    clientKey: clientKey && new Secret(clientKey.toString('utf8')),
    token: token === undefined || token === '' ? undefined : new Secret(token),
  };
}

function parse(text: string, path: string): z.infer<typeof kubeconfigSchema> {
  let document: unknown;
  try {
    document = load(text);
  } catch {
    // The parser's message quotes the text, which may be a key.
    throw invalid(path, 'it is not YAML');
  }
  const parsed = kubeconfigSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(path, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
}

function pick<T extends { readonly name: string }>(
  all: readonly T[],
  name: string | undefined,
  what: string,
  path: string,
): T {
  const found = all.find((each) => each.name === name);
  if (found === undefined)
    throw invalid(path, name === undefined ? `it has no current-${what}` : `it has no ${what} ${name}`);
  return found;
}

/** A context without a user is anonymous, as it is for kubectl. */
function userOf(
  users: z.infer<typeof kubeconfigSchema>['users'],
  name: string,
  path: string,
): z.infer<typeof userSchema> {
  return name === '' ? {} : (pick(users, name, 'user', path).user ?? {});
}

function serverOf(server: string, path: string): URL {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url?.protocol !== 'https:') throw invalid(path, `its server ${server} is not an https URL`);
  return url;
}

function refuseUnsupported(
  cluster: z.infer<typeof clusterSchema>,
  user: z.infer<typeof userSchema>,
  path: string,
): void {
  const asksFor =
    (user.exec !== undefined && 'an exec plugin') ||
    (user['auth-provider'] !== undefined && 'an auth-provider plugin') ||
    (user.username !== undefined && 'basic authentication') ||
    (cluster['insecure-skip-tls-verify'] === true && 'TLS without verification (insecure-skip-tls-verify)') ||
    (cluster['proxy-url'] !== undefined && 'a proxy (proxy-url)');
  if (asksFor === false) return;
  throw new ApiServerError('APISERVER_KUBECONFIG_UNSUPPORTED', `the kubeconfig ${path} asks for ${asksFor}`, {
    subject: path,
    hint: "Use the host's own kubeconfig: it has a client certificate and the cluster's authority.",
  });
}

async function read(source: KubeconfigSource, name: string): Promise<Buffer> {
  const path = isAbsolute(name) || name === source.path ? name : posix.join(posix.dirname(source.path), name);
  try {
    const onDisk = await (source.resolvePath?.(path) ?? Promise.resolve(join(source.hostRoot ?? '/', path)));
    return await readFile(onDisk);
  } catch (error) {
    const message =
      name === source.path
        ? `cannot read the kubeconfig ${path}`
        : `cannot read ${path}, which the kubeconfig ${source.path} names`;
    throw new ApiServerError('APISERVER_KUBECONFIG_MISSING', `${message}: ${messageOf(error)}`, {
      subject: path,
      hint: 'Run as root on a control-plane host, or go on without asking the API server by giving --force.',
      cause: error,
    });
  }
}

function invalid(path: string, reason: string): ApiServerError {
  return new ApiServerError('APISERVER_KUBECONFIG_INVALID', `the kubeconfig ${path} cannot be understood: ${reason}`, {
    subject: path,
    hint: `Compare with: kubectl --kubeconfig ${path} config view`,
  });
}
