import { join } from 'node:path';
import { createKubeClient, type KubeClient, type Pod, type Transport } from '../apiserver/index.ts';
import { makePrivateFolder, messageOf, type Log, type Time } from '../base/index.ts';
import { openAccess, type Access } from './access/index.ts';
import { createApi, listenHttps, type Api, type Listener, type PodLogRequest } from './api/index.ts';
import { StandaloneError } from './errors.ts';
import { createHousekeeping, readMachine, type Housekeeping } from './housekeeping/index.ts';
import { KeptPort } from './kept-port.ts';
import { ObjectStore, type StoreLock } from './objects/index.ts';
import { createVolumeControllers, type VolumeControllers } from './volumes/index.ts';
import { createProcessRuntime, createWorkloads, type ContainerRuntime, type Workloads } from './workloads/index.ts';

export interface StandaloneOptions {
  /** Everything that the engine keeps: objects, volumes, pods, keys. */
  readonly dataDir: string;
  /** Where the API is served. Port 0: any that is free. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Where the administrator's kubeconfig is written. */
  readonly kubeconfig: string;
  /** Default: the host's name. */
  readonly nodeName?: string | undefined;
  /** Backup and EtcdBackup are there from the start, whatever the FeatureGate says. */
  readonly enableBackups: boolean;
  /** How our own program is started: the path of Node and of the script. */
  readonly program: readonly string[];
  /** The process's own variables; pods get the harmless ones. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Holdfast's own. */
  readonly version: string;
  readonly time: Time;
  readonly log: Log;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Keeps a second engine away from the data; rejects where one is there. */
  readonly lock: (path: string) => Promise<StoreLock>;
  /** How containers are run. Default: as child processes. */
  readonly runtime?: ContainerRuntime | undefined;
  /** How controllers in this process reach the API, given the way to it. Default: a client with the usual deadlines. */
  readonly connect?: ((transport: Transport) => KubeClient) | undefined;
  /** Of CronJobs that name none. Default: this process's. */
  readonly timeZone?: string | undefined;
}

/** One machine that acts as a small cluster. */
export interface Standalone {
  /** Of the API, `https://127.0.0.1:7443`. */
  readonly url: URL;
  /** For controllers in this process: without TLS, with every right. */
  readonly client: KubeClient;
  /** The controllers have nothing to do now. Containers may run. */
  readonly isIdle: boolean;
  /** How many containers run. */
  readonly running: number;
  /** Works until the signal aborts. Rejects where it cannot go on at all. */
  run(signal: AbortSignal): Promise<void>;
  /**
   * Before an orderly end, while {@link run} still runs: starts no container any more, gives those that run `graceMs` to
   * finish, then ends them. Resolves when none runs and the API knows.
   */
  drain(options: { readonly graceMs: number; readonly signal: AbortSignal }): Promise<void>;
  /** Ends the API and gives the data back. Containers that run go on, and the next start finds them. */
  close(): Promise<void>;
}

/** The release that the API is like. */
const KUBERNETES_VERSION = 'v1.33.0';

/** What pods get of the engine's variables: how to find programs, zones, the run folder of locks, and proxies. */
const PASSED_ON = ['PATH', 'HOME', 'TZ', 'LANG', 'LC_ALL', 'TMPDIR', 'XDG_RUNTIME_DIR'];
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap((name) => [name, name.toLowerCase()]);

/**
 * Opens the data, serves the API and prepares what has to stand; {@link Standalone.run} makes it work.
 *
 * @throws StandaloneError for data that is damaged or cannot be read, and for an address that cannot be listened on; what
 *   `lock` throws
 */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { dataDir, time, log, lock } = options;
  await makeDataFolder(dataDir);
  // The lock of the objects keeps a second engine from the rest of the data too.
  const objects = await ObjectStore.open({ folder: join(dataDir, 'objects'), lock, log });
  try {
    const folder = join(dataDir, 'access');
    const access = await openAccess({ folder, clock: time, hostName: readMachine(options.nodeName).hostName });
    return await Engine.open(options, objects, access);
  } catch (error) {
    await objects.close();
    throw error;
  }
}

async function makeDataFolder(path: string): Promise<void> {
  try {
    await makePrivateFolder(path);
  } catch (error) {
    const message = `the data folder ${path} cannot be made or looked at: ${messageOf(error)}`;
    throw new StandaloneError('STANDALONE_STORE_UNREADABLE', message, {
      hint: 'Run it as root, or name a folder that you may write to: --data-dir ~/holdfast.',
      cause: error,
    });
  }
}

interface Controllers {
  readonly housekeeping: Housekeeping;
  readonly volumes: VolumeControllers;
  readonly workloads: Workloads;
}

class Engine implements Standalone {
  readonly client: KubeClient;
  readonly #objects: ObjectStore;
  readonly #api: Api;
  readonly #listener: Listener;
  readonly #controllers: Controllers;
  readonly #state: EngineState;

  private constructor(parts: {
    objects: ObjectStore;
    api: Api;
    listener: Listener;
    client: KubeClient;
    controllers: Controllers;
    state: EngineState;
  }) {
    this.client = parts.client;
    this.#objects = parts.objects;
    this.#api = parts.api;
    this.#listener = parts.listener;
    this.#controllers = parts.controllers;
    this.#state = parts.state;
  }

  static async open(options: StandaloneOptions, objects: ObjectStore, access: Access): Promise<Engine> {
    const { time, log, random } = options;
    const state: EngineState = { isRunning: false, workloads: undefined };
    const api = createApi({
      objects,
      time,
      log,
      random,
      version: `${KUBERNETES_VERSION}+holdfast`,
      identify: (credentials) => access.identify(credentials),
      readPodLog: (request) => Promise.resolve(readLog(state, request)),
      isReady: () => state.isRunning,
    });
    const listener = await listen(options, api, access);
    try {
      const { connect = (transport: Transport) => createKubeClient({ transport, time }) } = options;
      const client = connect(api.transport);
      const controllers = await createControllers(options, { client, api, access, url: listener.url });
      state.workloads = controllers.workloads;
      await controllers.housekeeping.prepare();
      await access.writeKubeconfig(listener.url, options.kubeconfig);
      return new Engine({ objects, api, listener, client, controllers, state });
    } catch (error) {
      api.close();
      await listener.close();
      throw error;
    }
  }

  get url(): URL {
    return this.#listener.url;
  }

  get isIdle(): boolean {
    const { housekeeping, volumes, workloads } = this.#controllers;
    return [housekeeping, volumes, workloads].every(({ isIdle }) => isIdle);
  }

  get running(): number {
    return this.#controllers.workloads.running;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#state.isRunning = true;
    const { housekeeping, volumes, workloads } = this.#controllers;
    try {
      await Promise.all([housekeeping, volumes, workloads].map((each) => each.run(signal)));
    } finally {
      this.#state.isRunning = false;
    }
  }

  drain(options: { readonly graceMs: number; readonly signal: AbortSignal }): Promise<void> {
    return this.#controllers.workloads.drain(options);
  }

  async close(): Promise<void> {
    this.#api.close();
    await this.#listener.close();
    await this.#objects.close();
  }
}

/** Any free port is one that was ours before, if it can be: containers of an earlier start ask there. */
async function listen(
  { dataDir, listen: { host, port }, log }: StandaloneOptions,
  api: Api,
  access: Access,
): Promise<Listener> {
  const how = { api, log, host, authority: access.authority, ...access.server };
  if (port !== 0) return listenHttps({ ...how, port });
  const kept = new KeptPort(join(dataDir, 'access', 'port'));
  const former = await kept.read();
  const listener =
    former === undefined
      ? await listenHttps(how)
      : await listenHttps({ ...how, port: former }).catch(() => listenHttps(how));
  await kept.write(Number(listener.url.port));
  return listener;
}

/** What the API is told of the controllers, which are made after it. */
interface EngineState {
  isRunning: boolean;
  workloads: Workloads | undefined;
}

function readLog({ workloads }: EngineState, request: PodLogRequest): AsyncIterable<Uint8Array> | undefined {
  const { namespace, pod: name, ...how } = request;
  return workloads?.readLog({ namespace, name }, how);
}

interface Surroundings {
  readonly client: KubeClient;
  readonly api: Api;
  readonly access: Access;
  readonly url: URL;
}

async function createControllers(
  options: StandaloneOptions,
  { client, api, access, url }: Surroundings,
): Promise<Controllers> {
  const { dataDir, time, log, random, program, variables, timeZone, version, enableBackups } = options;
  const machine = readMachine(options.nodeName);
  const shared = { client, time, log, random, nodeName: machine.name };
  const volumes = await createVolumeControllers({ ...shared, folder: join(dataDir, 'volumes') });
  const pods = join(dataDir, 'pods');
  const podEnvironment = async ({ metadata: { uid } }: Pod): Promise<Record<string, string>> => {
    const path = join(pods, uid, 'kubeconfig');
    await access.writePodKubeconfig(uid, url, path);
    return { ...passedOn(variables), KUBECONFIG: path };
  };
  return {
    volumes,
    housekeeping: createHousekeeping({
      ...shared,
      transport: api.transport,
      machine,
      kubernetesVersion: KUBERNETES_VERSION,
      holdfastVersion: version,
      enableBackups,
    }),
    workloads: createWorkloads({
      ...shared,
      folder: pods,
      runtime: options.runtime ?? createProcessRuntime({ time }),
      program,
      claimFolder: volumes.claimFolder,
      podEnvironment,
      timeZone,
    }),
  };
}

function passedOn(variables: StandaloneOptions['variables']): Record<string, string> {
  const entries = [...PASSED_ON, ...PROXIES].map((name) => [name, variables[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
}
