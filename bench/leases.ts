import type { ApiRequest, ApiResponse, HttpsTransport } from '../src/apiserver/index.ts';

const ACCEPT = { accept: 'application/json' };

/** What is asked of an API server: small objects that no controller cares for, of one namespace. */
export class Leases {
  readonly #transport: HttpsTransport;
  readonly #path: string;

  constructor(transport: HttpsTransport, namespace: string) {
    this.#transport = transport;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  }

  get(name: string): Promise<unknown> {
    return this.#ask('GET', `${this.#path}/${name}`);
  }

  list(): Promise<unknown> {
    return this.#ask('GET', this.#path);
  }

  create(name: string): Promise<unknown> {
    return this.#ask('POST', this.#path, 'application/json', leaseText(name));
  }

  patch(name: string, holderIdentity: string): Promise<unknown> {
    const body = JSON.stringify({ spec: { holderIdentity } });
    return this.#ask('PATCH', `${this.#path}/${name}`, 'application/merge-patch+json', body);
  }

  async removeAll(): Promise<void> {
    await this.#ask('DELETE', this.#path);
  }

  /** Watches them all. @returns gives the time at which an event with a holder comes; to be asked before it can */
  async watch(signal: AbortSignal): Promise<(holder: string) => Promise<number>> {
    const waiting = new Map<string, (at: number) => void>();
    const target = `${this.#path}?watch=true&resourceVersion=${await this.#version()}`;
    const { body } = await this.#transport({ method: 'GET', target, headers: ACCEPT, signal });
    void read(body, (line) => {
      const holder = /"holderIdentity":"([^"]+)"/.exec(line)?.[1] ?? '';
      waiting.get(holder)?.(performance.now());
      waiting.delete(holder);
    }).catch(() => undefined);
    return (holder) => new Promise((resolve) => waiting.set(holder, resolve));
  }

  async #version(): Promise<string> {
    const text = await this.#ask('GET', `${this.#path}?limit=1`);
    return /"resourceVersion":"(\d+)"/.exec(text)?.[1] ?? '';
  }

  async #ask(method: ApiRequest['method'], target: string, contentType?: string, text?: string): Promise<string> {
    const headers = { ...ACCEPT, ...(contentType !== undefined && { 'content-type': contentType }) };
    const body = text === undefined ? undefined : Buffer.from(text);
    const answer: ApiResponse = await this.#transport({
      method,
      target,
      headers,
      body,
      signal: new AbortController().signal,
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    const said = Buffer.concat(chunks).toString();
    if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${said}`);
    return said;
  }
}

async function read(body: ApiResponse['body'], hear: (line: string) => void): Promise<void> {
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + Buffer.from(chunk).toString()).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(hear);
  }
}

/** As a client would send one. */
export function leaseText(name: string): string {
  return JSON.stringify({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, labels: { 'app.kubernetes.io/name': 'bench' } },
    spec: { holderIdentity: 'somebody-0', leaseDurationSeconds: 15, leaseTransitions: 0 },
  });
}
