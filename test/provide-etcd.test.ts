import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseRelease, runCommand, temporaryFolder, type CommandResult } from './kit/index.ts';

const SCRIPT = fileURLToPath(new URL('../scripts/provide-etcd.mjs', import.meta.url));

// Programs that stand in for the machine's: no test here needs a network.
const ETCD = '#!/bin/sh\necho "etcd Version: 3.5.99"\n';
const APT = `#!/bin/sh
state=$(dirname "$0")
echo "$*" >>"$state/calls"
case "$*" in
  *indextargets*) cat "$state/targets" ;;
  *update) [ ! -e "$state/offline" ] || { echo 'E: Temporary failure resolving' >&2; exit 100; } ;;
  *download*) sleep 0.3; touch etcd.deb ;;
esac
`;
const DPKG = `#!/bin/sh
mkdir -p "$3/usr/bin"
cp "$(dirname "$0")/sample/"* "$3/usr/bin/"
`;

interface Machine {
  readonly folder: string;
  readonly run: (what: string, more?: Readonly<Record<string, string>>) => Promise<CommandResult>;
  /** The command lines of apt-get so far. */
  readonly aptCalls: () => Promise<readonly string[]>;
}

/** A machine with this apt configuration and nothing else on the PATH but the shell's programs. */
async function machine(targets: string): Promise<Machine> {
  const folder = await temporaryFolder();
  await Promise.all([
    program(join(folder, 'apt-get'), APT),
    program(join(folder, 'dpkg-deb'), DPKG),
    program(join(folder, 'sample', 'etcd'), ETCD),
    program(join(folder, 'sample', 'etcdctl'), ETCD),
    writeFile(join(folder, 'targets'), targets),
  ]);
  return {
    folder,
    run: (what, more = {}) =>
      runCommand([process.execPath, SCRIPT, what], {
        env: { PATH: `${folder}:/usr/bin:/bin`, HOLDFAST_CACHE: join(folder, 'cache'), ...more },
      }),
    aptCalls: async () => (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n'),
  };
}

async function program(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

const DEBIAN = `https://vendor.example/apt/ nodistro main
http://security.example/debian-security/ trixie main
http://mirror.example/debian/ bookworm main
http://mirror.example/debian/ bookworm-updates main
https://docker.example/linux/debian/ bookworm stable
`;

describe('providing etcd', () => {
  test('takes an explicit folder before anything else', async () => {
    const { folder, run } = await machine(DEBIAN);
    const given = await run('one', { HOLDFAST_ETCD_DIR: join(folder, 'sample') });
    expect(JSON.parse(given.stdout)).toEqual({ version: '3.5.99', folder: join(folder, 'sample') });
  });

  test('takes etcd from the PATH before a package', async () => {
    const { folder, run } = await machine(DEBIAN);
    const found = await run('one', { PATH: `${folder}/sample:${folder}:/usr/bin:/bin` });
    expect(JSON.parse(found.stdout)).toMatchObject({ folder: join(folder, 'sample') });
  });

  test('says what to do about a folder without a working etcd', async () => {
    const { folder, run } = await machine(DEBIAN);
    const refused = await run('one', { HOLDFAST_ETCD_DIR: folder });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/HOLDFAST_ETCD_DIR does not run[^]*next: Set HOLDFAST_ETCD_DIR/);
  });

  test("takes Debian's mirror from the machine's own sources, with a private state", async () => {
    const { folder, run, aptCalls } = await machine(DEBIAN);
    const provided = await run('one');
    expect(JSON.parse(provided.stdout)).toMatchObject({ version: '3.5.99' });
    const [apt = ''] = await readdir(join(folder, 'cache', 'apt'));
    expect(await readFile(join(folder, 'cache', 'apt', apt, 'sources.list'), 'utf8')).toMatch(
      /^deb \[.*\] http:\/\/mirror\.example\/debian\/ trixie main\n$/,
    );
    const state = `Dir::State=${join(folder, 'cache', 'apt')}/`;
    for (const call of await aptCalls()) if (!call.includes('indextargets')) expect(call).toContain(state);
  });

  test('downloads once for runs at the same time, and never again', async () => {
    const { folder, run, aptCalls } = await machine(DEBIAN);
    const results = await Promise.all([run('one'), run('one'), run('one')]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect((await aptCalls()).filter((call) => call.includes('download'))).toHaveLength(1);
    await writeFile(join(folder, 'offline'), '');
    expect((await run('one')).stderr).toBe('');
    const left = await readdir(join(folder, 'cache', 'etcd'));
    expect(left).toHaveLength(1);
  });

  test('says what to do without a network, and leaves nothing half done', async () => {
    const { folder, run } = await machine(DEBIAN);
    await writeFile(join(folder, 'offline'), '');
    const failed = await run('tested');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/E: Temporary failure resolving\n {2}next: Check the network/);
    expect(await readdir(join(folder, 'cache', 'etcd'))).toEqual([]);
    expect(await readdir(join(folder, 'cache', 'apt'))).toEqual([]);
  });

  test('takes over the lock of a run that is dead', async () => {
    const { run } = await machine(DEBIAN);
    const { folder } = parseRelease(JSON.parse((await run('one')).stdout));
    await rm(folder, { recursive: true });
    const dead = await runCommand(['sh', '-c', 'echo $$']);
    await writeFile(`${folder}.lock`, dead.stdout.trim());
    expect((await run('one')).code).toBe(0);
    expect(existsSync(`${folder}.lock`)).toBe(false);
  });
});
