import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a byte from the target goes: on, nowhere, or the connection ends. */
type Fate = 'open' | 'silent' | 'cut';

/**
 * A TCP proxy in front of a server, for peers that fail. It counts the bytes that the target sends, over all
 * connections, from the call that sets a limit on.
 */
export interface CuttableProxy {
  /** `host:port` of the proxy. */
  readonly address: string;
  /** How many bytes the target has sent through the proxy so far. */
  readonly forwarded: number;
  /** Passes `bytes` more, then ends every connection, and each new one too, until {@link heal}. */
  cutAfterBytes(bytes: number): void;
  /** Passes `bytes` more, then nothing: connections stay open and new ones are taken, until {@link heal}. */
  goSilentAfterBytes(bytes: number): void;
  /** Passes at most this many bytes a second. */
  slowTo(bytesPerSecond: number): void;
  /** Inverts the lowest bit of the byte that comes after `bytes` more. Under TLS this breaks the connection. */
  flipByteAt(bytes: number): void;
  /** Ends limits; silent connections are cut, since bytes are missing in them. */
  heal(): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param target - `host:port`, or a URL with both */
export function cuttableProxy(target: string): Promise<CuttableProxy> {
  const url = new URL(target.includes('://') ? target : `tcp://${target}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return TcpProxy.listen(host, Number(url.port));
}

class TcpProxy implements CuttableProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #forwarded = 0;
  #limit = Infinity;
  #afterLimit: Fate = 'open';
  #flipAt = -1;
  #bytesPerSecond = Infinity;
  #address = '';

  private constructor(host: string, port: number) {
    this.#server = createServer((client) => this.#accept(client, createConnection({ host, port })));
  }

  static listen(host: string, port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(host, port);
    return new Promise((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', () => {
        const address = proxy.#server.address();
        if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
        proxy.#address = `127.0.0.1:${address.port}`;
        resolve(proxy);
      });
    });
  }

  get address(): string {
    return this.#address;
  }

  get forwarded(): number {
    return this.#forwarded;
  }

  cutAfterBytes(bytes: number): void {
    this.#setLimit(bytes, 'cut');
  }

  goSilentAfterBytes(bytes: number): void {
    this.#setLimit(bytes, 'silent');
  }

  slowTo(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  flipByteAt(bytes: number): void {
    this.#flipAt = this.#forwarded + bytes;
  }

  heal(): void {
    if (this.#fate === 'silent') this.#cutAll();
    this.#limit = Infinity;
    this.#afterLimit = 'open';
    this.#bytesPerSecond = Infinity;
    this.#flipAt = -1;
  }

  async close(): Promise<void> {
    this.#cutAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #fate(): Fate {
    return this.#forwarded >= this.#limit ? this.#afterLimit : 'open';
  }

  #setLimit(bytes: number, afterLimit: Fate): void {
    this.#limit = this.#forwarded + bytes;
    this.#afterLimit = afterLimit;
    if (this.#fate === 'cut') this.#cutAll();
  }

  #accept(client: Socket, upstream: Socket): void {
    const pair = [client, upstream] as const;
    this.#pairs.add(pair);
    // The target's end reaches the client through #passOn, after the bytes that are still on their way.
    for (const socket of pair) socket.on('error', () => undefined);
    client.on('close', () => this.#cut(pair));
    if (this.#fate === 'cut') {
      this.#cut(pair);
      return;
    }
    client.pipe(upstream);
    void this.#passOn(upstream, client, pair);
  }

  async #passOn(from: Socket, to: Socket, pair: readonly [Socket, Socket]): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        const passed = this.#take(chunk);
        if (passed.length > 0 && !to.write(passed)) await drained(to);
        if (this.#bytesPerSecond !== Infinity) await sleep((passed.length / this.#bytesPerSecond) * 1000);
        if (this.#fate === 'cut') {
          await flushed(to);
          this.#cutAll();
          return;
        }
      }
      if (this.#fate !== 'silent') to.end();
    } catch {
      if (this.#fate !== 'silent') this.#cut(pair);
    }
  }

  /** What of the chunk goes on; counts it. */
  #take(chunk: Buffer): Buffer {
    const passed = Buffer.from(chunk.subarray(0, Math.max(0, this.#limit - this.#forwarded)));
    const flip = this.#flipAt - this.#forwarded;
    const byte = flip < 0 ? undefined : passed[flip];
    if (byte !== undefined) passed[flip] = byte ^ 1;
    this.#forwarded += passed.length;
    return passed;
  }

  #cutAll(): void {
    for (const pair of this.#pairs) this.#cut(pair);
  }

  #cut(pair: readonly [Socket, Socket]): void {
    this.#pairs.delete(pair);
    for (const socket of pair) socket.destroy();
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', resolve);
  });
}

/** Resolves when what was written has been handed to the system. */
function flushed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.write(Buffer.alloc(0), () => resolve());
  });
}
