import { copyFile, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { newestRelease, parseRelease } from '../test/kit/releases.ts';
import { AutomatedBackups, Standalone } from './automated-backups.ts';
import { showDisaster, showRecovery } from './recovery.ts';
import { command, heading, print, quietCommand, type CommandOptions } from './show.ts';
import { setStage, type Stage } from './stage.ts';

/** Everything lies below this folder of the project, and is left there. */
const FOLDER = 'try-out';
const BACKUPS = join(FOLDER, 'backup');
const DAMAGED = join(FOLDER, 'damaged.db');
const HOST = join(FOLDER, 'host');

class Demonstration {
  readonly #stage: Stage;
  readonly #options: CommandOptions;
  readonly #judge: string;
  #standalone: Standalone | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
    const { release } = stage.cluster;
    this.#judge = release.version.startsWith('3.4.') ? 'etcdctl' : 'etcdutl';
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ETCDCTL_')));
    this.#options = {
      env: { ...env, ETCDCTL_API: '3' },
      programs: {
        holdfast: [process.execPath, 'dist/holdfast.js'],
        [this.#judge]: [join(release.folder, this.#judge)],
      },
    };
  }

  async backUp(): Promise<void> {
    heading(
      'A backup',
      'Holdfast finds etcd, its certificates and the static pods in the files of the host.',
      'On the host itself this is: holdfast backup <folder>',
    );
    await this.#succeed('holdfast', 'backup', BACKUPS, '--host-root', HOST);
    heading('Two more, while the cluster changes');
    for (let more = 0; more < 2; more++) {
      await this.#stage.passTime();
      await this.#quietly('holdfast', 'backup', BACKUPS, '--host-root', HOST);
    }
  }

  async look(): Promise<void> {
    heading('What there is');
    await this.#succeed('holdfast', 'list', BACKUPS);
    const snapshot = await newestSnapshot();
    heading('What a snapshot holds', "Then etcd's own tool on the same file.");
    await this.#succeed('holdfast', 'status', snapshot, '-o', 'json');
    await this.#succeed(this.#judge, 'snapshot', 'status', snapshot, '-w', 'json');
  }

  async prove(): Promise<void> {
    heading('Is every backup good?');
    await this.#succeed('holdfast', 'verify', BACKUPS);
    heading('And if one byte of a snapshot changes?', `${DAMAGED} is a copy with one bit flipped.`);
    await flipOneBit(await newestSnapshot(), DAMAGED);
    const code = await command(['holdfast', 'verify', DAMAGED], this.#options);
    print(`(exit code ${code})`);
    if (code === 0) throw new Error('the damage went unnoticed');
  }

  async prune(): Promise<void> {
    heading('Keep two');
    await this.#succeed('holdfast', 'prune', BACKUPS, '--retain-number', '2', '--dry-run');
    await this.#succeed('holdfast', 'prune', BACKUPS, '--retain-number', '2');
  }

  /** The last backup first, so that nothing is missing afterwards. */
  async recover(): Promise<void> {
    heading('One more backup, and then');
    await this.#quietly('holdfast', 'backup', BACKUPS, '--host-root', HOST);
    const before = await showDisaster(this.#stage.cluster, BACKUPS);
    await showRecovery(this.#stage.cluster, BACKUPS, before, (...args) => this.#succeed('holdfast', ...args));
  }

  /** With real kubectl, where there is one. */
  async automate(): Promise<void> {
    const kubectl = providedKubectl();
    heading(
      'Automated backups',
      'holdfast standalone is a small Kubernetes API for this one machine. It serves the custom resources of OpenShift,',
      'and takes the backups that they ask for.',
    );
    this.#standalone = await Standalone.start({ folder: FOLDER, hostRoot: HOST }, this.#options);
    if (kubectl === undefined) {
      print('');
      print(
        'What comes now needs kubectl 1.24 or newer, which is not installed and could not be fetched. It is left out.',
      );
      print('docs/automated-backups.md shows it.');
      return;
    }
    print(`The rest of this is done by kubectl ${kubectl.version}, with the files in examples/automated-backups.`);
    await new AutomatedBackups(this.#standalone, join(kubectl.folder, 'kubectl'), this.#options).show();
  }

  get kubeconfig(): string | undefined {
    return this.#standalone?.kubeconfig;
  }

  async stop(): Promise<void> {
    await this.#standalone?.stop();
  }

  async #quietly(...line: readonly string[]): Promise<void> {
    expectSuccess(line, await quietCommand(line, this.#options));
  }

  async #succeed(...line: readonly string[]): Promise<void> {
    expectSuccess(line, await command(line, this.#options));
  }
}

/** As scripts/try.mjs found it. */
function providedKubectl(): { readonly version: string; readonly folder: string } | undefined {
  const said = process.env['HOLDFAST_KUBECTL'] ?? '';
  return said === '' ? undefined : parseRelease(JSON.parse(said));
}

function expectSuccess(line: readonly string[], code: number): void {
  if (code !== 0) throw new Error(`${line.slice(0, 2).join(' ')} ended with exit code ${code}`);
}

async function newestSnapshot(): Promise<string> {
  const newest = (await readdir(BACKUPS))
    .filter((name) => /^snapshot_.*\.db$/.test(name))
    .sort()
    .at(-1);
  if (newest === undefined) throw new Error(`there is no snapshot in ${BACKUPS}`);
  return join(BACKUPS, newest);
}

async function flipOneBit(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await copyFile(from, to);
  const file = await open(to, 'r+');
  try {
    const { size } = await file.stat();
    const byte = Buffer.alloc(1);
    const at = Math.floor(size / 3);
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.of(byte.readUInt8() ^ 1), 0, 1, at);
  } finally {
    await file.close();
  }
}

function goOn(stage: Stage, { kubeconfig }: Demonstration, keep: boolean): void {
  const { clientFiles, endpoints, release } = stage.cluster;
  const root = process.cwd();
  heading('Where things are');
  print(`${BACKUPS.padEnd(24)} the backups: snapshot, static pod resources, manifest`);
  print(`${HOST.padEnd(24)} the host's files, as they lie on a control-plane host`);
  print(`${DAMAGED.padEnd(24)} the damaged copy`);
  print(
    `${join(FOLDER, 'standalone').padEnd(24)} what holdfast standalone keeps; the automated backups lie in volumes/`,
  );
  print(`${join(FOLDER, 'standalone.log').padEnd(24)} what it said`);
  heading('Going on by hand', ...(keep ? [] : ['The last line shows what bringing the whole host back would do.']));
  print(`alias holdfast='node ${join(root, 'dist/holdfast.js')}'`);
  print(`cd ${root}`);
  if (keep && clientFiles !== undefined) {
    print(`export PATH=${release.folder}:$PATH ETCDCTL_API=3 ETCDCTL_ENDPOINTS=${endpoints.join(',')}`);
    print(`export ETCDCTL_CACERT=${join(root, clientFiles.cacert)}`);
    print(`export ETCDCTL_CERT=${join(root, clientFiles.cert)} ETCDCTL_KEY=${join(root, clientFiles.key)}`);
    print(`etcdctl endpoint status -w table`);
    print(`holdfast backup ${BACKUPS} --snapshot-only`);
    if (kubeconfig !== undefined) print(`export KUBECONFIG=${kubeconfig}`);
    const kubectl = providedKubectl();
    if (kubectl !== undefined) print(`${join(kubectl.folder, 'kubectl')} get backups,etcdbackups,cronjobs`);
  } else {
    print(`holdfast list ${BACKUPS} -o wide`);
    print(`holdfast restore host ${BACKUPS} --host-root ${HOST} --dry-run`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
  await mkdir(FOLDER, { recursive: true });
  await rm(BACKUPS, { recursive: true, force: true });
  const release = newestRelease();
  heading('A control plane to back up', `Starting three members of etcd ${release.version}, with TLS, on loopback.`);
  const ended = untilInterrupted();
  const stage = await setStage(FOLDER, release);
  const demonstration = new Demonstration(stage);
  try {
    print(`They hold ${stage.keys} keys as OpenShift 4.17 stores them, secrets and config maps encrypted.`);
    print(`${stage.hostRoot} holds the files of one control-plane host.`);
    await Promise.race([play(demonstration), ended.then(() => Promise.reject(new Error('interrupted')))]);
    goOn(stage, demonstration, values.keep);
    if (!values.keep) {
      print('');
      print('etcd and holdfast standalone are stopped now; ./try --keep leaves them running until Ctrl-C.');
      return;
    }
    print('');
    print('etcd and holdfast standalone go on running until Ctrl-C.');
    await ended;
  } finally {
    await demonstration.stop();
    await stage.stop();
  }
}

async function play(demonstration: Demonstration): Promise<void> {
  await demonstration.backUp();
  await demonstration.look();
  await demonstration.prove();
  await demonstration.prune();
  await demonstration.recover();
  await demonstration.automate();
}

function untilInterrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
