import { Server, ServerCredentials, status, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret, type Clock } from '../base/index.ts';
import { Caller } from './caller.ts';
import type { EtcdConfig } from './config.ts';
import { parseEndpoints } from './endpoints.ts';
import { statusMethod, type StatusResponse } from './rpc/maintenance.ts';

/** How a stand-in for a member answers: given the token of the request. */
type Answer = (
  token: string | undefined,
) => Partial<StatusResponse> | { readonly refusal: string; readonly code: status } | 'silence';

const asIs = (bytes: Buffer): Buffer => bytes;
const TOKEN = Buffer.from('\x12\x07', 'latin1'); // field 2, seven bytes

/** A gRPC server with Status and Authenticate; each authentication gives the next token. */
async function standIn(answer: Answer, authenticate: 'works' | 'hangs' | 'no leader' | 'disabled' = 'works') {
  const asked: (string | undefined)[] = [];
  let authentications = 0;
  const server = new Server();
  const unary = (path: string) => ({
    path,
    requestStream: false as const,
    responseStream: false as const,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  });
  server.addService(
    { status: unary(statusMethod.path), authenticate: unary('/etcdserverpb.Auth/Authenticate') },
    {
      status(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        const [token] = call.metadata.get('token').map(String);
        asked.push(token);
        const given = answer(token);
        if (given === 'silence') return;
        if ('refusal' in given) done({ code: given.code, details: given.refusal });
        else done(null, Buffer.from(statusMethod.response.encode(given)));
      },
      authenticate(_call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
        authentications++;
        if (authenticate === 'works') done(null, Buffer.concat([TOKEN, Buffer.from(`token-${authentications}`)]));
        if (authenticate === 'no leader') done({ code: status.UNAVAILABLE, details: 'etcdserver: no leader' });
        if (authenticate === 'disabled')
          done({ code: status.FAILED_PRECONDITION, details: 'etcdserver: authentication is not enabled' });
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { url: `http://127.0.0.1:${port}`, asked, authentications: () => authentications };
}

function callerTo(url: string, config: EtcdConfig = {}): Caller {
  const [endpoint] = parseEndpoints(url, { tls: false });
  if (endpoint === undefined) throw new Error('no endpoint');
  const caller = new Caller(endpoint, config);
  onTestFinished(() => caller.connection.close());
  return caller;
}

const asRoot: EtcdConfig = { user: { name: 'root', password: new Secret('winter') } };
const readStatus = (caller: Caller, timeoutMs = 2_000, signal?: AbortSignal): Promise<StatusResponse> =>
  caller.call(statusMethod, {}, 'reading its status', { timeoutMs, signal });
const healthy: Answer = () => ({ version: '3.5.30', dbSize: 5n });

describe('a call to a member', () => {
  it('brings back what the member says', async () => {
    const { url, asked } = await standIn(healthy);
    expect(await readStatus(callerTo(url))).toMatchObject({ version: '3.5.30', dbSize: 5n, errors: [] });
    expect(asked).toEqual([undefined]);
  });

  it('with a user authenticates once and sends the token from then on', async () => {
    const { url, asked, authentications } = await standIn(healthy);
    const caller = callerTo(url, asRoot);
    await readStatus(caller);
    await readStatus(caller);
    expect(asked).toEqual(['token-1', 'token-1']);
    expect(authentications()).toBe(1);
  });

  it('authenticates once more where the token has run out', async () => {
    const expired = { refusal: 'etcdserver: invalid auth token', code: status.UNAUTHENTICATED };
    const { url, asked } = await standIn((token) => (token === 'token-1' ? expired : { version: '3.5.30' }));
    expect(await readStatus(callerTo(url, asRoot))).toMatchObject({ version: '3.5.30' });
    expect(asked).toEqual(['token-1', 'token-2']);
  });

  it('does so only once, and not at all without a user', async () => {
    const { url, asked } = await standIn(() => ({ refusal: 'auth: invalid auth token', code: status.UNKNOWN }));
    await expect(readStatus(callerTo(url, asRoot))).rejects.toMatchObject({ code: 'ETCD_TOKEN_INVALID' });
    expect(asked).toEqual(['token-1', 'token-2']);
    await expect(readStatus(callerTo(url))).rejects.toMatchObject({ code: 'ETCD_TOKEN_INVALID' });
    expect(asked).toHaveLength(3);
  });

  it('goes on without a token where the cluster has no authentication', async () => {
    const { url, asked, authentications } = await standIn(healthy, 'disabled');
    const caller = callerTo(url, asRoot);
    await readStatus(caller);
    await readStatus(caller);
    expect(asked).toEqual([undefined, undefined]);
    expect(authentications()).toBe(1);
  });

  it.each(['no leader', 'hangs'] as const)('tells a lost quorum from a wrong password (%s)', async (authenticate) => {
    const { url } = await standIn(healthy, authenticate);
    await expect(readStatus(callerTo(url, asRoot), 100)).rejects.toMatchObject({
      code: 'ETCD_AUTH_NEEDS_QUORUM',
      message: expect.not.stringContaining('winter') as string,
    });
  });

  it('that gets no answer fails when its time is up', async () => {
    const { url } = await standIn(() => 'silence');
    await expect(readStatus(callerTo(url), 50)).rejects.toMatchObject({
      code: 'ETCD_TIMEOUT',
      subject: url,
      message: expect.stringContaining('within 0.05 s (reading its status)') as string,
    });
  });

  it('ends with the reason of its signal, under way or before it began', async () => {
    const { url } = await standIn(() => 'silence');
    const controller = new AbortController();
    const reason = new Error('enough');
    const caller = callerTo(url);
    const call = readStatus(caller, 60_000, controller.signal);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(readStatus(caller, 60_000, controller.signal)).rejects.toBe(reason);
  });

  it('whose answer cannot be decoded says so', async () => {
    const { url } = await standIn(healthy);
    const wrong = { ...statusMethod, response: { ...statusMethod.response, decode: () => JSON.parse('{') as never } };
    const call = callerTo(url).call(wrong, {}, 'reading its status', {});
    await expect(call).rejects.toMatchObject({ code: 'ETCD_RESPONSE_MALFORMED', kind: 'permanent' });
  });

  it('that the release does not know is unimplemented', async () => {
    const { url } = await standIn(healthy);
    const unknown = { ...statusMethod, path: '/etcdserverpb.Maintenance/Unheard' };
    await expect(callerTo(url).call(unknown, {}, 'asking', {})).rejects.toMatchObject({ code: 'ETCD_UNIMPLEMENTED' });
  });

  it('counts the time of all its requests together', async () => {
    let now = 0;
    const clock: Clock = { now: () => new Date(0), monotonicMs: () => now };
    const { url } = await standIn(() => {
      now += 60;
      return { refusal: 'etcdserver: invalid auth token', code: status.UNAUTHENTICATED };
    });
    const limits: number[] = [];
    const caller = callerTo(url, { clock });
    const attempt = caller.withToken('counting', { timeoutMs: 100 }, async (token, deadline) => {
      limits.push(deadline.remainingMs);
      await caller.connection.unary(statusMethod, {}, { token, deadline }).catch(() => undefined);
      limits.push(deadline.remainingMs);
      await caller.connection.unary(statusMethod, {}, { token, deadline }).catch(() => undefined);
      limits.push(deadline.remainingMs);
    });
    await attempt;
    expect(limits).toEqual([100, 40, 1]);
  });

  it('is refused with a TypeError where its time makes no sense', async () => {
    const caller = callerTo('http://127.0.0.1:1');
    await expect(readStatus(caller, 0)).rejects.toThrow(TypeError);
    await expect(readStatus(caller, Number.NaN)).rejects.toThrow(TypeError);
  });
});
