import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { silentLog, silentProgress, systemClock } from '../../base/index.ts';
import type { RestoreSurroundings } from './contracts.ts';
import { Journal, readJournal } from './journal.ts';
import type { Plan } from './journal-schema.ts';
import { runBack, runForward } from './run-steps.ts';
import type { Step } from './step.ts';

class Crash extends Error {}

/** Four folders of a host: what runs, what it reads, what is new. */
async function makeHost(root: string): Promise<void> {
  for (const name of ['run', 'data', 'fresh']) await mkdir(join(root, name));
  await writeFile(join(root, 'run/pod.yaml'), 'pod');
  await writeFile(join(root, 'data/a'), 'old a');
  await mkdir(join(root, 'data/b'));
  await writeFile(join(root, 'data/b/c'), 'old c');
  await writeFile(join(root, 'fresh/a'), 'new a');
  await writeFile(join(root, 'fresh/z'), 'new z');
}

const steps: readonly Step[] = [
  { id: 'stop', text: 'stop', action: { kind: 'move', from: '/run/pod.yaml', to: '/saved/pod.yaml' } },
  { id: 'empty', text: 'empty', action: { kind: 'empty-folder', folder: '/data', into: '/saved/data', keep: [] } },
  { id: 'fill', text: 'fill', action: { kind: 'fill-folder', from: '/fresh', folder: '/data', keep: [] } },
  {
    id: 'start',
    text: 'start',
    action: { kind: 'move', from: '/saved/pod.yaml', to: '/run/pod.yaml' },
    startsNewData: true,
  },
];

const plan: Plan = {
  id: 'x',
  verb: 'host',
  created: new Date(0),
  tool: { name: 'holdfast', version: '0' },
  layout: 'kubeadm',
  memberName: 'm',
  source: 's',
  snapshot: '/s',
  revision: 1n,
  otherMembers: [],
  steps: [...steps],
};

async function picture(root: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && entry.name !== 'journal.jsonl') files[path.slice(root.length)] = await readFile(path, 'utf8');
  }
  return files;
}

/** Ends by an exception at the given records, as if the process had died there. */
function surroundings(crashes: Set<number>): RestoreSurroundings {
  let record = 0;
  return {
    clock: systemClock,
    log: silentLog,
    progress: silentProgress,
    signal: new AbortController().signal,
    tool: plan.tool,
    runFolder: '/nowhere',
    inspectWorker: undefined,
    restoreMember: () => Promise.reject(new Error('not here')),
    onRecord: () => {
      if (crashes.delete(record++)) throw new Crash();
    },
  };
}

/** Runs until it ends by itself, reading the journal anew after each crash. */
async function persist(root: string, crashes: Set<number>, direction: 'forward' | 'back'): Promise<void> {
  const folder = join(root, 'journals');
  for (;;) {
    const facts = await readJournal(join(folder, 'journal.jsonl')).catch(() => undefined);
    const journal =
      facts === undefined ? await Journal.create(folder, plan, systemClock) : await Journal.reopen(facts, systemClock);
    const options = { hostRoot: root, timeoutMs: 1000, surroundings: surroundings(crashes) };
    try {
      await (direction === 'forward' ? runForward(journal, options) : runBack(journal, options));
      return;
    } catch (error) {
      const isTakenBack = (await readJournal(journal.path))?.state === 'rolled-back';
      if (isTakenBack) return;
      if (!(error instanceof Crash) && !(error instanceof Error && error.cause instanceof Crash)) throw error;
      if ((await readJournal(journal.path))?.state === 'rolling-back') direction = 'back';
    } finally {
      await journal.close();
    }
  }
}

it('whatever records it dies at, a rollback brings back every file as it was', async () => {
  const crash = fc.uniqueArray(fc.integer({ min: 0, max: 7 }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(crash, crash, async (forward, back) => {
      const root = await mkdtemp(join(tmpdir(), 'holdfast-steps-'));
      try {
        await makeHost(root);
        const before = await picture(root);
        await persist(root, new Set(forward), 'forward');
        const state = (await readJournal(join(root, 'journals/journal.jsonl')))?.state;
        if (state === 'finished') {
          expect(await picture(root)).toMatchObject({
            '/data/a': 'new a',
            '/data/z': 'new z',
            '/saved/data/a': 'old a',
          });
          await persist(root, new Set(back), 'back');
        }
        expect(await picture(root)).toEqual(before);
      } finally {
        await rm(root, { recursive: true, force: true });
      }
    }),
    { numRuns: 60 },
  );
});
