import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { judge, makeTemporaryFolder, newestRelease, runCommand, waitFor } from '../kit/index.ts';
import { RunningStandalone } from '../kit/running-standalone.ts';
import { Kubectl, type KUBECTL_SUITES } from './kubectl.ts';
import { openSeedShell, snapshotsIn, type SeedShell } from './seed-shell.ts';

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Its name; of a script, its interpreter's. */
  readonly program: string;
}

/** `holdfast standalone` with an etcd for trial, and a shell with a kubectl for it. */
export class SeedMachine {
  readonly standalone: RunningStandalone;
  readonly shell: SeedShell;
  readonly #folder: string;

  private constructor(folder: string, standalone: RunningStandalone, shell: SeedShell) {
    this.#folder = folder;
    this.standalone = standalone;
    this.shell = shell;
  }

  static async start(suite: (typeof KUBECTL_SUITES)[number]): Promise<SeedMachine> {
    const folder = await makeTemporaryFolder();
    const kubectl = await Kubectl.provide(suite, join(folder, 'home'));
    const standalone = await RunningStandalone.start({ folder: join(folder, 'standalone') });
    return new SeedMachine(folder, standalone, await openSeedShell(kubectl.with(standalone.kubeconfig), folder));
  }

  /** @returns the line of each definition, once both are there */
  async enableBackups(): Promise<string> {
    await this.shell.sh('kubectl apply -f enable-tech-preview-no-upgrade.yaml');
    return waitFor(
      async () => {
        const definitions = await this.shell.sh('kubectl get crd | grep backup');
        return definitions.trim().split('\n').length === 2 && definitions;
      },
      { timeoutMs: 60_000, everyMs: 200, what: 'two definitions' },
    );
  }

  /** Has the newest snapshot of a volume judged and restored by etcd's own tool. */
  async judgeGood(volume: string): Promise<void> {
    const snapshot = (await snapshotsIn(volume)).at(-1) ?? '';
    const release = newestRelease();
    const status: unknown = JSON.parse(await judge(release, 'snapshot', 'status', snapshot, '-w', 'json'));
    expect(status).toMatchObject({ hash: expect.any(Number) as number, revision: expect.any(Number) as number });
    const restored = join(await mkdtemp(join(this.#folder, 'restored-')), 'data');
    await judge(release, 'snapshot', 'restore', snapshot, '--data-dir', restored);
    expect(await readdir(join(restored, 'member'))).toEqual(['snap', 'wal']);
  }

  /** The programs of the containers that run. Between the engine and each of them stands a shell. */
  async containerPids(): Promise<readonly number[]> {
    return (await this.#grandchildren()).filter(({ program }) => program !== 'etcd').map(({ pid }) => pid);
  }

  /** Of the etcd for trial. */
  async etcdPid(): Promise<number> {
    const etcd = (await this.#grandchildren()).find(({ program }) => program === 'etcd');
    if (etcd === undefined) throw new Error('there is no etcd for trial');
    return etcd.pid;
  }

  async #grandchildren(): Promise<readonly Process[]> {
    const { stdout } = await runCommand(['ps', '-eo', 'pid=,ppid=,comm=']);
    const all = [...stdout.matchAll(/^ *(\d+) +(\d+) (\S+)/gm)].map(([, pid, parent, program = '']): Process => ({
      pid: Number(pid),
      parent: Number(parent),
      program,
    }));
    const shells = new Set(all.filter(({ parent }) => parent === this.standalone.pid).map(({ pid }) => pid));
    // The shell has short-lived ones of its own, and what watches over etcd is one more.
    return all.filter(({ parent, program }) => shells.has(parent) && !['sh', 'ln', 'mv'].includes(program));
  }

  async stop(): Promise<void> {
    await this.standalone.stop('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}
