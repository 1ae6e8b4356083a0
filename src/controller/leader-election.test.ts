import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualTime } from '../../test/kit/manual-time.ts';
import { ScriptedApi, type AskedRequest, type ScriptedAnswer } from '../../test/kit/scripted-api.ts';
import { waitFor } from '../../test/kit/wait-for.ts';
import { createKubeClient, type Lease } from '../apiserver/index.ts';
import { silentLog, type Log } from '../base/index.ts';
import { createLeaderElection, type Lead } from './leader-election.ts';

const until = (condition: () => boolean): Promise<unknown> => waitFor(condition, { everyMs: 1, timeoutMs: 2_000 });
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const refusal = (status: number, reason: string): ScriptedAnswer => ({ status, json: { kind: 'Status', reason } });

/** One Lease, kept as an API server keeps it. */
class LeaseServer {
  readonly time = new ManualTime(new Date('2026-11-23T12:00:00Z'));
  lease: Lease | undefined;
  /** Of processes whose requests find no answer. */
  readonly cutOff = new Set<string>();
  isBusy = false;
  asked = 0;

  answer(identity: string, { method, body }: AskedRequest): ScriptedAnswer | Promise<ScriptedAnswer> {
    this.asked += 1;
    if (this.cutOff.has(identity)) return new Promise(() => undefined);
    if (this.isBusy) return { status: 429, headers: { 'retry-after': '60' }, json: { kind: 'Status' } };
    if (method === 'GET') return this.lease ? { json: this.lease } : refusal(404, 'NotFound');
    const given = body as Lease;
    const current = this.lease?.metadata.resourceVersion;
    if (method === 'POST' && current !== undefined) return refusal(409, 'AlreadyExists');
    if (method === 'PUT' && given.metadata.resourceVersion !== current) return refusal(409, 'Conflict');
    this.lease = { ...given, metadata: { ...given.metadata, resourceVersion: String(Number(current ?? '0') + 1) } };
    return { json: this.lease };
  }

  /** Moves time in small steps, so that what is asked is answered in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 500) {
      this.time.advance(Math.min(left, 500));
      await settled();
    }
  }
}

interface Candidate {
  readonly identity: string;
  readonly stop: AbortController;
  readonly run: Promise<void>;
  leads: boolean;
}

const untilAborted: Lead = (signal) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

function stand(server: LeaseServer, identity: string, lead: Lead = untilAborted, log: Log = silentLog): Candidate {
  const api = new ScriptedApi((request) => server.answer(identity, request));
  const { time } = server;
  const election = createLeaderElection({
    client: createKubeClient({ transport: api.transport, time }),
    ...{ namespace: 'n', name: 'holdfast', identity, time, log },
  });
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const run = election.run(stop.signal, lead);
  return {
    identity,
    stop,
    run,
    get leads() {
      return election.isLeader;
    },
  };
}

describe('leader election', () => {
  it('gives the lease to the first, and keeps it there while it is renewed', async () => {
    const server = new LeaseServer();
    const a = stand(server, 'a');
    await until(() => a.leads);
    const b = stand(server, 'b');
    await server.pass(60_000);
    expect([a.leads, b.leads]).toEqual([true, false]);
    expect(server.lease?.spec).toMatchObject({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-11-23T12:00:00.000000Z',
      leaseTransitions: 0,
    });
    expect(server.lease?.spec?.renewTime).toMatch(/^2026-11-23T12:0(0:5\d|1:00)\.\d{6}Z$/);
  });

  it('passes it on at once when the leader ends', async () => {
    const server = new LeaseServer();
    const a = stand(server, 'a');
    await until(() => a.leads);
    const b = stand(server, 'b');
    await settled();
    a.stop.abort();
    await a.run;
    expect(server.lease?.spec?.holderIdentity).toBe('');
    await server.pass(2_000);
    expect([a.leads, b.leads]).toEqual([false, true]);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('stops a leader that is cut off before another one begins, and never lets two lead', async () => {
    const server = new LeaseServer();
    const a = stand(server, 'a');
    await until(() => a.leads);
    const b = stand(server, 'b');
    await server.pass(5_000);
    server.cutOff.add('a');
    const seen = new Set<string>();
    for (let seconds = 0; seconds < 30; seconds += 1) {
      await server.pass(1_000);
      seen.add(`${a.leads ? 'a' : ''}${b.leads ? 'b' : ''}`);
    }
    expect([...seen]).toEqual(['a', '', 'b']);
    server.cutOff.delete('a');
    b.stop.abort();
    await b.run;
    await server.pass(40_000);
    expect(a.leads).toBe(true);
  });

  it('knows of a leader that was stopped for longer than its lease before it can notice itself', async () => {
    const server = new LeaseServer();
    const a = stand(server, 'a');
    await until(() => a.leads);
    await server.pass(5_000);
    const seen: boolean[] = [];
    server.time.after(2_000, () => seen.push(a.leads));
    server.time.sleep(20_000);
    expect(seen).toEqual([false]);
  });

  it('does not lose the lease for one connection that hangs', async () => {
    const server = new LeaseServer();
    const a = stand(server, 'a');
    await until(() => a.leads);
    await server.pass(4_000);
    server.cutOff.add('a');
    await server.pass(2_500);
    server.cutOff.delete('a');
    await server.pass(30_000);
    expect(a.leads).toBe(true);
  });

  it('leaves a server alone that asks for it, and yet keeps the lease', async () => {
    const server = new LeaseServer();
    const a = stand(server, 'a');
    await until(() => a.leads);
    server.isBusy = true;
    await server.pass(2_000);
    const asked = server.asked;
    await server.pass(4_500);
    expect(server.asked).toBe(asked);
    server.isBusy = false;
    await server.pass(30_000);
    expect(a.leads).toBe(true);
  });

  it('says once in the log that the lease cannot be had, and why', async () => {
    const server = new LeaseServer();
    const warnings: unknown[] = [];
    server.isBusy = true;
    const a = stand(server, 'a', untilAborted, { ...silentLog, warn: (...said) => void warnings.push(said) });
    await server.pass(60_000);
    expect(warnings).toEqual([
      ['the lease cannot be had', { lease: 'holdfast', error: expect.stringContaining('with status 429') as string }],
    ]);
    server.isBusy = false;
    await server.pass(10_000);
    expect(a.leads).toBe(true);
  });

  it('stops a leader at once that sees its lease in other hands', async () => {
    const server = new LeaseServer();
    const a = stand(server, 'a');
    await until(() => a.leads);
    const { lease } = server;
    if (lease) server.lease = { ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } };
    await server.pass(2_000);
    expect(a.leads).toBe(false);
    expect(server.lease?.spec?.holderIdentity).toBe('thief');
  });

  it('ends as what it leads does, and gives the lease back', async () => {
    const server = new LeaseServer();
    await stand(server, 'a', () => Promise.resolve()).run;
    expect(server.lease?.spec?.holderIdentity).toBe('');
    await expect(stand(server, 'b', () => Promise.reject(new Error('oops'))).run).rejects.toThrow('oops');
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseTransitions: 1 });
  });

  it('cannot be set up so that two may lead', () => {
    const server = new LeaseServer();
    const client = createKubeClient({ transport: new ScriptedApi(() => ({ json: {} })).transport });
    const options = { client, namespace: 'n', name: 'l', identity: 'a', time: server.time, log: silentLog };
    expect(() => createLeaderElection({ ...options, renewDeadlineMs: 15_000 })).toThrow(TypeError);
  });
});
