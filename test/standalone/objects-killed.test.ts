import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/base/index.ts';
import { ObjectStore } from '../../src/standalone/objects/index.ts';
import { SeededRandom, smallDisk, temporaryFolder } from '../kit/index.ts';
import { runCommand } from '../kit/run-command.ts';
import { bundleProgram } from '../kit/bundled-program.ts';

const noLock = (): Promise<{ release: () => Promise<void> }> => Promise.resolve({ release: () => Promise.resolve() });

async function program(): Promise<string> {
  const outfile = join(await temporaryFolder(), 'stored-run.mjs');
  await bundleProgram(new URL('stored-run.ts', import.meta.url), outfile);
  return outfile;
}

/** What the writer was told to be durable. */
interface Acknowledged {
  /** The revision of the last write of each name; undefined where that removed it. */
  readonly objects: ReadonlyMap<string, bigint | undefined>;
  readonly revision: bigint;
}

function acknowledged(lines: readonly string[], before: Acknowledged): Acknowledged {
  const objects = new Map(before.objects);
  let { revision } = before;
  const writes = lines
    .map((line) => /^(put|removed) (\S+) (\d+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, what, name = '', at = '0']) => ({ name, isPut: what === 'put', at: BigInt(at) }))
    .sort((a, b) => Number(a.at - b.at));
  for (const { name, isPut, at } of writes) {
    objects.set(name, isPut ? at : undefined);
    revision = at;
  }
  return { objects, revision };
}

/** Runs the writer and kills it after so many lines; gives back all whole lines that it printed. */
async function runUntil(script: string, folder: string, lines: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [script, folder, '300', '1000000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  return output.split('\n').slice(0, -1);
}

async function contents(folder: string): Promise<Acknowledged> {
  const store = await ObjectStore.open({ folder: join(folder, 'objects'), log: silentLog, lock: noLock });
  const objects = new Map(store.list('things').map(({ key, revision }) => [key.name, revision]));
  const { revision } = store;
  await store.close();
  return { objects, revision };
}

/** As `name=revision`, sorted. */
function print(objects: Acknowledged['objects']): readonly string[] {
  const standing = [...objects].filter(([, revision]) => revision !== undefined);
  return standing.map(([name, revision]) => `${name}=${String(revision)}`).sort();
}

describe('a store whose process is killed', () => {
  it('has all that was acknowledged, whole, however often that happens', async () => {
    const script = await program();
    const folder = await temporaryFolder();
    const random = new SeededRandom(20261123);
    let known: Acknowledged = { objects: new Map(), revision: 1n };
    for (let kill = 0; kill < 25; kill++) {
      const lines = await runUntil(script, folder, 2 + random.below(400));
      const [opened = ''] = lines;
      expect(BigInt(opened.split(' ')[1] ?? '0')).toBeGreaterThanOrEqual(known.revision);
      known = acknowledged(lines, known);
      const found = await contents(folder);
      expect(found.revision).toBeGreaterThanOrEqual(known.revision);
      for (const [name, revision] of known.objects) {
        // A write that was not acknowledged any more may be there all the same; it is newer than all that were.
        const standing = found.objects.get(name);
        const isNewer = standing === undefined ? found.revision > known.revision : standing > known.revision;
        expect(isNewer ? revision : standing).toBe(revision);
      }
      known = { objects: found.objects, revision: found.revision };
    }
  });
});

describe('a store on a full disk', () => {
  it('refuses what has no room, can be read all the same, and opens again with all that was acknowledged', async () => {
    const script = await program();
    const disk = await smallDisk({ bytes: 256 * 1024 });
    const argv = [process.execPath, script, disk.folder, '20000', '5000'];
    const { stdout, code, stderr } = await runCommand(disk.wrap(argv), { timeoutMs: 60_000 });
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trim().split('\n');
    const [, failure = '', readable = ''] = /^failed (\S+) (.*)$/.exec(lines.at(-1) ?? '') ?? [];
    expect(failure).toBe('STANDALONE_STORE_FULL');
    const known = acknowledged(lines, { objects: new Map(), revision: 1n });
    expect(readable.split(',').sort()).toEqual(print(known.objects));
    expect(print((await contents(disk.folder)).objects)).toEqual(print(known.objects));
  });
});
