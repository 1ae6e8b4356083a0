import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/kit/seeded-random.ts';
import { temporaryFolder } from '../../../../test/kit/temporary-folder.ts';
import { waitFor } from '../../../../test/kit/wait-for.ts';
import { systemTime } from '../../../base/index.ts';
import { attemptFiles, readProcessRecord } from './attempt-files.ts';
import type { Adopted, ContainerAttempt, ContainerExit, RunningContainer } from './container-runtime.ts';
import { isGroupAlive } from './process-group.ts';
import { createProcessRuntime } from './process-runtime.ts';

const runtime = createProcessRuntime({ time: systemTime });
const PATH = process.env['PATH'] ?? '';

interface Setting {
  readonly folder: string;
  readonly attempt: ContainerAttempt;
}

/** An attempt to run a shell script; `$1` is a folder for what it wants to leave. */
async function attemptOf(script: string, name = '0', into?: string): Promise<Setting> {
  const folder = into ?? (await temporaryFolder());
  const argv = ['/bin/sh', '-c', script, 'program', folder];
  return {
    folder,
    attempt: { folder: join(folder, name), argv, env: { PATH, GREETING: 'hello' }, workingFolder: folder },
  };
}

const read = (...path: string[]): Promise<string> => readFile(join(...path), 'utf8');

function running(adopted: Adopted): RunningContainer {
  if (adopted.state !== 'running') throw new Error(`it is ${adopted.state}`);
  return adopted.container;
}

function ended(adopted: Adopted): ContainerExit {
  if (adopted.state !== 'ended') throw new Error(`it is ${adopted.state}`);
  return adopted.exit;
}

async function pidOf(folder: string): Promise<number> {
  const record = await readProcessRecord(attemptFiles(folder).process);
  if (record === undefined || record === 'void') throw new Error('no process');
  return record.pid;
}

/** As somebody else would do it. */
function kill(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

async function standsStill(folder: string): Promise<boolean> {
  const record = await readProcessRecord(attemptFiles(folder).process);
  return record === undefined || record === 'void' || !(await isGroupAlive(record));
}

describe('a container', () => {
  it('runs with its own environment alone, and its output is kept for its owner', async () => {
    const { folder, attempt } = await attemptOf('echo "$GREETING from $PWD"; echo "no" >&2; env | sort > env; exit 3');
    const container = await runtime.start(attempt);
    const exit = await container.exited;
    expect(exit).toMatchObject({ exitCode: 3, startedAt: container.startedAt });
    expect(exit.message).toBeUndefined();
    expect(await read(attempt.folder, 'log')).toBe(`hello from ${folder}\nno\n`);
    expect((await stat(join(attempt.folder, 'log'))).mode & 0o777).toBe(0o600);
    expect((await stat(attempt.folder)).mode & 0o777).toBe(0o700);
    const names = (await read(folder, 'env')).split('\n').map((line) => line.split('=')[0]);
    expect(
      names.filter((name) => !['GREETING', 'PATH', 'PWD', 'OLDPWD', 'SHLVL', '_', ''].includes(name ?? '')),
    ).toEqual([]);
    expect(await read(attempt.folder, 'exit')).toBe('3\n');
  });

  it('takes arguments as they are, whatever stands in them', async () => {
    const { attempt } = await attemptOf('shift; printf "%s|" "$@"');
    const odd = ['', ' ', '$(id)', '"', "'", '\\', '*', '--', 'a\nb', '`ls`'];
    await (
      await runtime.start({ ...attempt, argv: [...attempt.argv, ...odd] })
    ).exited;
    expect(await read(attempt.folder, 'log')).toBe(odd.map((each) => `${each}|`).join(''));
  });

  it('ends with all its processes at SIGTERM', async () => {
    const { folder, attempt } = await attemptOf('sleep 600 & echo $! > "$1/child"; sleep 600');
    const container = await runtime.start(attempt);
    await waitFor(() => read(folder, 'child'));
    container.signal('SIGTERM');
    expect((await container.exited).exitCode).toBe(143);
    await waitFor(() => standsStill(attempt.folder));
  });

  it('that does not listen to SIGTERM ends at SIGKILL', async () => {
    const { folder, attempt } = await attemptOf('trap "" TERM; touch "$1/up"; while :; do sleep 0.1; done');
    const container = await runtime.start(attempt);
    await waitFor(() => stat(join(folder, 'up')));
    container.signal('SIGTERM');
    container.signal('SIGKILL');
    expect((await container.exited).exitCode).toBe(137);
    expect(await read(attempt.folder, 'exit')).toBe('137\n');
    await waitFor(() => standsStill(attempt.folder));
  });

  it('leaves no processes behind when it ends by itself', async () => {
    const { attempt } = await attemptOf('sleep 600 & exit 0');
    await (
      await runtime.start(attempt)
    ).exited;
    await waitFor(() => standsStill(attempt.folder));
  });

  it('is refused where it cannot be started, and nothing has run', async () => {
    const { folder, attempt } = await attemptOf('touch "$1/ran"');
    await expect(runtime.start({ ...attempt, workingFolder: join(folder, 'missing') })).rejects.toMatchObject({
      code: 'WORKLOAD_RUNTIME',
    });
    await expect(runtime.start(attempt)).rejects.toMatchObject({ code: 'WORKLOAD_RUNTIME' });
    await expect(stat(join(folder, 'ran'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says by its code that its program does not exist', async () => {
    const { attempt } = await attemptOf('');
    const container = await runtime.start({ ...attempt, argv: ['/no/such/program'] });
    expect((await container.exited).exitCode).toBe(127);
    expect(await read(attempt.folder, 'log')).toContain('/no/such/program');
  });
});

describe('after the engine was killed', () => {
  it('a container that runs is adopted, and its end seen', async () => {
    const { folder, attempt } = await attemptOf('while [ ! -e "$1/go" ]; do sleep 0.02; done; exit 7');
    await runtime.start(attempt);
    const later = running(await createProcessRuntime({ time: systemTime }).adopt(attempt.folder));
    await writeFile(join(folder, 'go'), '');
    expect((await later.exited).exitCode).toBe(7);
  });

  it('a container that is adopted can be ended', async () => {
    const { attempt } = await attemptOf('sleep 600');
    await runtime.start(attempt);
    const later = running(await runtime.adopt(attempt.folder));
    later.signal('SIGTERM');
    expect((await later.exited).exitCode).toBe(143);
  });

  it('the end that nobody saw is known', async () => {
    const { attempt } = await attemptOf('exit 5');
    await (
      await runtime.start(attempt)
    ).exited;
    expect(ended(await runtime.adopt(attempt.folder))).toMatchObject({ exitCode: 5 });
    expect(ended(await runtime.adopt(attempt.folder)).message).toBeUndefined();
  });

  it('a process that is gone counts as killed, and what it left running is ended', async () => {
    const { folder, attempt } = await attemptOf('echo $$ > "$1/pid"; sleep 600');
    const container = await runtime.start(attempt);
    await waitFor(async () => (await read(folder, 'pid')) !== '');
    // The shell alone, so that nobody is left to write down how the program ended.
    const later = running(await runtime.adopt(attempt.folder));
    kill(await pidOf(attempt.folder));
    expect((await later.exited).exitCode).toBe(137);
    await container.exited;
    await waitFor(() => standsStill(attempt.folder));
  });

  it('a process of an earlier boot is gone, even where its number lives', async () => {
    const { folder } = await attemptOf('');
    const attempt = join(folder, '0');
    await mkdir(attempt);
    const own = await read('/proc/self/stat');
    await writeFile(join(attempt, 'process'), `${process.pid}\nanother-boot\n${own}\n`);
    await writeFile(join(attempt, 'log'), '');
    const exit = ended(await runtime.adopt(attempt));
    expect(exit.exitCode).toBe(137);
    expect(exit.message).toMatch(/process is gone/);
  });

  it('an attempt that was prepared and not started never runs', async () => {
    const { folder, attempt } = await attemptOf('touch "$1/ran"');
    // A shell that is slow to record itself.
    const slow = join(folder, 'bin');
    await mkdir(slow);
    await writeFile(
      join(slow, 'ln'),
      `#!/bin/sh\ntouch "${folder}/waits"\nwhile [ ! -e "${folder}/go" ]; do sleep 0.02; done\nexec /bin/ln "$@"\n`,
    );
    await chmod(join(slow, 'ln'), 0o755);
    const started = runtime.start({ ...attempt, env: { PATH: `${slow}:${PATH}` } }).catch((error: unknown) => error);
    await waitFor(() => stat(join(folder, 'waits')));
    expect(await runtime.adopt(attempt.folder)).toEqual({ state: 'never-started' });
    await writeFile(join(folder, 'go'), '');
    expect(await started).toMatchObject({ code: 'WORKLOAD_RUNTIME' });
    expect(await runtime.adopt(attempt.folder)).toEqual({ state: 'never-started' });
    await expect(stat(join(folder, 'ran'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

it('runs each attempt once at the most, and knows how it ended, whoever is killed when', async () => {
  const random = new SeededRandom(7);
  const folder = await temporaryFolder();
  const script = 'echo "$GREETING" >> "$1/runs"; sleep 0.0$2; exit 0';
  const attempts = await Promise.all(
    Array.from({ length: 24 }, async (_, index) => {
      const { attempt } = await attemptOf(script, String(index), folder);
      const wait = String(random.below(10));
      return { ...attempt, argv: [...attempt.argv, wait], env: { PATH, GREETING: `attempt ${index}` } };
    }),
  );
  await Promise.all(
    attempts.map(async (attempt, index) => {
      const started = runtime.start(attempt).catch(() => undefined);
      // A kill of the whole group, of the shell alone, or none; and an engine that looks on from outside at any time.
      const victim = [(pid: number) => -pid, (pid: number) => pid, undefined][index % 3];
      if (victim !== undefined) {
        await waitFor(() => pidOf(attempt.folder), { everyMs: 1 }).then((pid) => {
          try {
            kill(victim(pid));
          } catch {
            // It had ended.
          }
        });
      }
      const adopted = await createProcessRuntime({ time: systemTime }).adopt(attempt.folder);
      const seen = adopted.state === 'running' ? await adopted.container.exited : adopted;
      const exit = await (await started)?.exited;
      const code = 'exitCode' in seen ? seen.exitCode : seen.state === 'ended' ? seen.exit.exitCode : undefined;
      expect([undefined, 0, 137]).toContain(code);
      expect(exit?.exitCode).toBe(code);
      const again = await runtime.adopt(attempt.folder);
      expect(again.state === 'ended' ? again.exit.exitCode : undefined).toBe(code);
      await waitFor(() => standsStill(attempt.folder));
    }),
  );
  const runs = (await read(folder, 'runs').catch(() => '')).split('\n').filter((line) => line !== '');
  expect(new Set(runs).size).toBe(runs.length);
});
