import { rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  apiVersionOf,
  resources,
  type ApiRequest,
  type ApiResponse,
  type Transport,
} from '../../src/apiserver/index.ts';
import { backups, BACKUP_NAMESPACE } from '../../src/crd/index.ts';
import type { Cluster } from '../kit/index.ts';
import type { SeededRandom } from '../kit/seeded-random.ts';
import type { Fate } from './month-containers.ts';
import { readVolume, type SeriesModel } from './month-judge.ts';
import type { Machine } from './month-machine.ts';

/** What a fault can get at. */
export interface Ground {
  readonly machine: Machine;
  readonly cluster: Cluster;
  readonly random: SeededRandom;
  readonly series: string;
  readonly model: SeriesModel;
  /** Where the series' backups lie. */
  readonly volume: string;
}

/** What has to become of the run. `reason`: of its failure; undefined where it succeeds. */
export interface Outcome {
  readonly reason?: RegExp;
  /** There is a good backup although the run counts as failed. */
  readonly stands?: boolean;
  /** The run that was made up for this one and others, all missed. */
  readonly runs?: number;
}

/** Lives from shortly before a run until whatever is wrong is over; the run itself may go on. */
export type Fault = (ground: Ground, at: Date) => Promise<Outcome>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function later(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}

/** So many of the series' next containers of a command meet a fate; those after them work. */
function doom({ machine, series }: Ground, verb: string, fate: Fate, count = Infinity): void {
  let left = count;
  machine.containers.fate = (started, args) => {
    if (started !== verb || !args.includes(series) || left === 0) return 'work';
    left -= 1;
    return fate;
  };
}

function fated(verb: string, fate: Fate, count: number, outcome: Outcome): Fault {
  return async (ground, at) => {
    doom(ground, verb, fate, count);
    await ground.machine.passTo(at);
    return outcome;
  };
}

/** Cuts a backup short that stands. */
async function damage({ volume, model }: Ground, name: string): Promise<void> {
  const stored = (await readVolume(volume)).find((each) => each.name === name);
  const taken = model.standing.find((each) => each.name === name);
  if (stored === undefined || taken === undefined) throw new Error(`${name} does not stand`);
  const left = 4096;
  await truncate(join(stored.folder, stored.snapshotFile), left);
  taken.bytes = stored.bytes - stored.snapshotBytes + left;
  taken.isDamaged = true;
}

function refusal(code: number, reason: string): ApiResponse {
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `a test says ${reason}`,
    reason,
    code,
  };
  const body = (async function* (): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield Buffer.from(JSON.stringify(status));
  })();
  return { status: code, headers: { 'content-type': 'application/json' }, body };
}

/** Every third request fails, before or after it has been carried out, until so many have. */
function spoilRequests({ machine, random }: Ground, count: number): void {
  let left = count;
  machine.intercept = async (request: ApiRequest, send: Transport): Promise<ApiResponse> => {
    if (left === 0 || random.below(3) > 0) return send(request);
    left -= 1;
    switch (random.below(request.method === 'GET' ? 3 : 4)) {
      case 0:
        return refusal(500, 'InternalError');
      case 1:
        return refusal(429, 'TooManyRequests');
      case 2: {
        const response = await send(request);
        await text(response.body);
        return refusal(504, 'Timeout');
      }
      default:
        return refusal(409, 'Conflict');
    }
  };
}

async function cutPower({ machine }: Ground): Promise<void> {
  await machine.containers.killAll();
}

export const faults: Readonly<Record<string, Fault>> = {
  'etcd cannot be reached, as each attempt reports': fated('backup', 'unreachable', Infinity, {
    reason: /^ETCD_CONNECTION_REFUSED$/,
  }),
  'etcd cannot be reached at first': fated('backup', 'unreachable', 1, {}),
  'the backup dies without a word, once': fated('backup', 'mute', 1, {}),
  'the backup dies without a word, each time': fated('backup', 'mute', Infinity, { reason: /^OPERATOR_JOB_FAILED$/ }),
  'the backup dies when it is done, before it can say so': fated('backup', 'forgetful', 2, {}),
  'the backup dies each time when it is done': fated('backup', 'forgetful', Infinity, {
    reason: /^OPERATOR_JOB_FAILED$/,
    stands: true,
  }),
  'the backup hangs until its deadline': fated('backup', 'hung', 1, { reason: /^OPERATOR_JOB_DEADLINE$/ }),
  'the backup hangs and has to be killed': fated('backup', 'stubborn', 1, { reason: /^OPERATOR_JOB_DEADLINE$/ }),
  'the request for the backup dies before it has asked': fated('request-backup', 'mute', 2, {}),
  'the request for the backup never comes to ask': fated('request-backup', 'mute', Infinity, {
    reason: /^OPERATOR_JOB_FAILED$/,
  }),
  'the request for the backup dies when it knows the outcome': fated('request-backup', 'forgetful', 1, {}),

  'etcd is down': async ({ machine, cluster }, at) => {
    await cluster.members[0]?.stop('SIGKILL');
    await machine.passTo(later(at, 5 * MINUTE_MS));
    await cluster.members[0]?.start();
    return { reason: /^ETCD_/ };
  },
  'etcd is down when the run begins': async ({ machine, cluster }, at) => {
    await cluster.members[0]?.stop('SIGKILL');
    await machine.passTo(later(at, 1000));
    await cluster.members[0]?.start();
    return {};
  },
  'an earlier backup has been cut short': async (ground, at) => {
    const { name = '' } = ground.model.good[1] ?? {};
    await damage(ground, name);
    await ground.machine.passTo(at);
    return {};
  },
  'all backups but the oldest have been cut short': async (ground, at) => {
    for (const { name } of ground.model.good.slice(1)) await damage(ground, name);
    await ground.machine.passTo(at);
    return {};
  },
  'the API refuses, conflicts and loses answers': async (ground, at) => {
    spoilRequests(ground, 60);
    await ground.machine.passTo(at);
    return {};
  },
  'the volume is away for ten minutes': async ({ machine, volume }, at) => {
    await rename(volume, `${volume}.away`);
    await machine.passTo(later(at, 10 * MINUTE_MS));
    await rename(`${volume}.away`, volume);
    return {};
  },
  'somebody removed the CronJob': async ({ machine, series }, at) => {
    const name = { name: series, namespace: BACKUP_NAMESPACE };
    await machine.client.delete(resources.cronJobs, name, { propagation: 'Background' });
    await machine.passTo(at);
    const { metadata } = await machine.client.get(resources.cronJobs, name);
    if (metadata.ownerReferences?.[0]?.apiVersion !== apiVersionOf(backups)) throw new Error('it was not made again');
    return {};
  },
  'the engine is off when the run is due': async ({ machine }, at) => {
    await machine.kill();
    await machine.leapTo(later(at, 2 * HOUR_MS));
    await machine.boot();
    return {};
  },
  'the engine is killed at the first thing it does for the run': killedAmid(1, 60),
  'the engine is killed while it is at it': killedAmid(60, 200),
  'the engine is killed when the backup may be done': killedAmid(200, 500),
  'the power fails during the run': async (ground, at) => {
    const { machine, random } = ground;
    await machine.killAmid(at, 30 + random.below(300));
    await cutPower(ground);
    await machine.leapTo(later(at, 20 * MINUTE_MS));
    await machine.boot();
    return {};
  },
  'the machine is off for days': async ({ machine }, at) => {
    await machine.kill();
    await machine.leapTo(later(at, 3.25 * 24 * HOUR_MS));
    await machine.boot();
    return { runs: 7 };
  },
};

function killedAmid(from: number, to: number): Fault {
  return async ({ machine, random }, at) => {
    await machine.killAmid(at, from + random.below(to - from));
    await machine.leapTo(later(at, 10 * MINUTE_MS));
    await machine.boot();
    return {};
  };
}
