import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Cluster } from './cluster.ts';
import type { TlsFiles } from './pki.ts';

const RESOURCE = /^\/apis\/(config\.openshift\.io)\/v1\/([a-z]+)\/([a-z0-9.-]+)$/;

/**
 * A stand-in for the host's API server: answers for OpenShift's own configuration, from what lies in etcd, to clients
 * with a certificate.
 */
export class StandInApiServer {
  /** Called before an answer goes out that has been read already: what it changes is seen by the next request. */
  beforeAnswer: (path: string) => Promise<void> = () => Promise.resolve();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(cluster: Cluster, tls: TlsFiles): Promise<StandInApiServer> {
    const holder: { standIn?: StandInApiServer } = {};
    const [ca, cert, key] = await Promise.all([tls.cacert, tls.cert, tls.key].map((file) => readFile(file)));
    const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: true }, (request, response) => {
      const path = request.url ?? '/';
      void answer(cluster, path)
        .then(async (body) => {
          await holder.standIn?.beforeAnswer(path);
          response.writeHead(body === undefined ? 404 : 200, JSON_TYPE).end(body ?? NOT_FOUND);
        })
        .catch(() => response.writeHead(500, JSON_TYPE).end('{}'));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return (holder.standIn = new StandInApiServer(server));
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `https://localhost:${port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };
const NOT_FOUND = JSON.stringify({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'NotFound',
  code: 404,
});

async function answer(cluster: Cluster, url: string): Promise<string | undefined> {
  const [, group, resource, name] = RESOURCE.exec(new URL(url, 'https://localhost').pathname) ?? [];
  if (group === undefined || resource === undefined || name === undefined) return undefined;
  const value = await cluster.etcdctl('get', '--print-value-only', `/kubernetes.io/${group}/${resource}/${name}`);
  return value === '' ? undefined : value;
}
