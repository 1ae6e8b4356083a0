import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { load } from 'js-yaml';
import { z } from 'zod';
import { guarded } from './programs.ts';
import type { EtcdRelease } from './releases.ts';
import { waitFor } from './wait-for.ts';

const podSchema = z.object({
  spec: z.object({
    containers: z.array(
      z.object({
        name: z.string(),
        command: z.array(z.string()).default([]),
        env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
        volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
      }),
    ),
    volumes: z.array(z.object({ name: z.string(), hostPath: z.object({ path: z.string() }) })).default([]),
  }),
});

/** Something that the kubelet runs while its manifest stands. */
interface Pod {
  readonly text: string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface StandInKubeletOptions {
  /** What stands for the host's `/`. */
  readonly root: string;
  readonly release: EtcdRelease;
  /** Where the output of etcd goes. */
  readonly logFile: string;
  /** Runs while a manifest of the API server stands. */
  readonly apiServer?: { start(): Promise<void>; stop(): Promise<void> };
}

const LOOK_EVERY_MS = 40;

/**
 * A stand-in for the kubelet: looks at the folder of static pod manifests and runs what stands there, as the kubelet does:
 * names that begin with a dot are passed over, a manifest that goes ends its pod (SIGTERM, later SIGKILL), a pod that ends by
 * itself is started again. etcd is the real one, with the command line of the manifest and its paths put below the root.
 */
export class StandInKubelet {
  readonly #options: StandInKubeletOptions;
  readonly #pods = new Map<string, Pod>();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> = Promise.resolve();
  #isBusy = false;
  #isHeldUp = false;

  constructor(options: StandInKubeletOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      if (this.#isBusy || this.#isHeldUp) return;
      this.#isBusy = true;
      this.#looking = this.#look().finally(() => (this.#isBusy = false));
    }, LOOK_EVERY_MS);
  }

  /** The manifests that something runs for now, by file name. */
  get running(): readonly string[] {
    return [...this.#pods.keys()].sort();
  }

  /** Resolves once nothing but these manifests runs. */
  async settled(names: readonly string[]): Promise<void> {
    const wanted = names.toSorted().join();
    await waitFor(() => this.running.join() === wanted, {
      what: () => `pods: ${wanted}; there are: ${this.running.join()}`,
    });
  }

  /** Stops looking, as a kubelet that hangs; what runs runs on. */
  async holdUp(): Promise<void> {
    this.#isHeldUp = true;
    await this.#looking;
  }

  goOn(): void {
    this.#isHeldUp = false;
  }

  /** Ends everything: orderly, or with SIGKILL as when the power goes. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await Promise.all([...this.#pods.values()].map((pod) => pod.stop(signal)));
    this.#pods.clear();
  }

  async #look(): Promise<void> {
    const folder = join(this.#options.root, 'etc/kubernetes/manifests');
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^[^.].*\.yaml$/.test(name));
    const texts = new Map<string, string>();
    for (const name of names) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
      // Emptied by somebody who writes it anew in place: kubelet cannot read it either, and looks again.
      if (text !== undefined && text !== '') texts.set(name, text);
    }
    for (const [name, pod] of this.#pods) {
      if (texts.get(name) === pod.text) continue;
      await pod.stop();
      this.#pods.delete(name);
    }
    for (const [name, text] of texts) if (!this.#pods.has(name)) await this.#start(name, text);
  }

  async #start(name: string, text: string): Promise<void> {
    if (name.startsWith('etcd')) {
      this.#pods.set(name, this.#startEtcd(text));
    } else if (name.startsWith('kube-apiserver')) {
      await this.#options.apiServer?.start();
      this.#pods.set(name, { text, stop: async () => this.#options.apiServer?.stop() });
    } else {
      this.#pods.set(name, { text, stop: () => Promise.resolve() });
    }
  }

  #startEtcd(text: string): Pod {
    const process = new EtcdProcess(commandOf(text, this.#options), this.#options.logFile);
    return { text, stop: (signal) => process.stop(signal) };
  }
}

interface CommandLine {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The command line of the container etcd, with every path that is mounted moved to where the host has it. */
function commandOf(text: string, { root, release }: StandInKubeletOptions): CommandLine {
  const { containers, volumes } = podSchema.parse(load(text)).spec;
  const container = containers.find(({ name }) => name === 'etcd');
  if (container === undefined) throw new Error('the manifest has no container etcd');
  const mounts = container.volumeMounts
    .map(({ name, mountPath }) => {
      const path = volumes.find((volume) => volume.name === name)?.hostPath.path ?? mountPath;
      return { inside: mountPath.replace(/\/$/, ''), outside: join(root, path) };
    })
    .sort((a, b) => b.inside.length - a.inside.length);
  const pattern = new RegExp(`(^|[=\\s"'])(${mounts.map(({ inside }) => inside).join('|')})(?=$|[/\\s"'])`, 'g');
  const onDisk = (value: string): string =>
    value.replaceAll(pattern, (_, before: string, path: string) => {
      return before + (mounts.find(({ inside }) => inside === path)?.outside ?? path);
    });
  return {
    argv: container.command.map(onDisk),
    env: {
      ...Object.fromEntries(container.env.map(({ name, value }) => [name, onDisk(value)])),
      PATH: [release.folder, process.env['PATH']].join(delimiter),
      ETCD_UNSUPPORTED_ARCH: process.arch,
    },
  };
}

class EtcdProcess {
  readonly #command: CommandLine;
  readonly #logFile: string;
  #child: ChildProcess | undefined;
  #again: NodeJS.Timeout | undefined;
  #isWanted = true;

  constructor(command: CommandLine, logFile: string) {
    this.#command = command;
    this.#logFile = logFile;
    this.#launch();
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#isWanted = false;
    clearTimeout(this.#again);
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }

  #launch(): void {
    const [program = '', ...args] = this.#command.argv;
    const child = spawn(program, args, { env: this.#command.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    guarded(child);
    const log = createWriteStream(this.#logFile, { flags: 'a', mode: 0o600 });
    log.on('error', () => undefined);
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const over = (): void => {
      log.end();
      this.#child = undefined;
      if (this.#isWanted) this.#again = setTimeout(() => this.#launch(), 300);
    };
    child.once('error', over).once('exit', over);
  }
}
