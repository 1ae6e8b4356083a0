import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/index.ts';
import { Journal, readJournal } from './journal.ts';
import type { Plan } from './journal-schema.ts';

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'holdfast-journal-')), 'restores', 'one');
});
afterEach(() => rm(join(folder, '../..'), { recursive: true, force: true }));

const plan: Plan = {
  id: '2026-11-22-154400-ab12',
  verb: 'host',
  created: new Date('2026-11-22T15:44:00Z'),
  tool: { name: 'holdfast', version: '0.1.0' },
  layout: 'kubeadm',
  memberName: 'cp-1',
  source: '2026-11-22_154400',
  snapshot: '/backups/snapshot.db',
  revision: 9_007_199_254_740_993n,
  otherMembers: [],
  steps: [
    { id: 'one', text: 'first', action: { kind: 'move', from: '/a', to: '/b' } },
    { id: 'two', text: 'second', action: { kind: 'move', from: '/c', to: '/d' }, startsNewData: true },
  ],
};

async function facts(): ReturnType<typeof readJournal> {
  return readJournal(join(folder, 'journal.jsonl'));
}

describe('a journal', () => {
  it('is private, and gives its plan back as it was', async () => {
    const journal = await Journal.create(folder, plan, systemClock);
    await journal.close();
    expect((await stat(journal.path)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await facts()).toMatchObject({ plan, state: 'open', begun: [], started: false });
  });

  it('knows after each record what was begun, what was done and what has to be undone', async () => {
    const journal = await Journal.create(folder, plan, systemClock);
    await journal.note('begin', 'one');
    await journal.note('done', 'one');
    await journal.note('begin', 'two');
    await journal.noteFailure('two', 'X', 'no');
    expect(await facts()).toMatchObject({ begun: ['one', 'two'], done: new Set(['one']), started: true });
    await journal.noteState('rolling-back');
    await journal.note('undo', 'two');
    await journal.note('undone', 'two');
    const read = await facts();
    // Whatever was undone since: something may have run with the new data.
    expect(read).toMatchObject({ begun: ['one'], done: new Set(['one']), started: true, state: 'rolling-back' });
    expect(read).toEqual(journal.facts);
    await journal.close();
  });

  it('loses nothing but a last line that was cut short, and goes on behind it', async () => {
    const journal = await Journal.create(folder, plan, systemClock);
    await journal.note('begin', 'one');
    await journal.close();
    await appendFile(journal.path, '{"kind":"done","st');
    const found = await facts();
    expect(found).toMatchObject({ begun: ['one'], done: new Set() });
    if (found === undefined) throw new Error('the journal is gone');
    const again = await Journal.reopen(found, systemClock);
    await again.note('done', 'one');
    await again.close();
    expect((await readFile(journal.path, 'utf8')).trim().split('\n')).toHaveLength(3);
    expect(await facts()).toMatchObject({ done: new Set(['one']) });
  });

  it('that does not even hold its plan stands for a restore that never began', async () => {
    const journal = await Journal.create(folder, plan, systemClock);
    await journal.close();
    await rm(journal.path);
    await appendFile(journal.path, '{"kind":"plan","ver');
    expect(await facts()).toBeUndefined();
  });

  it('of another kind is refused with its line', async () => {
    const journal = await Journal.create(folder, plan, systemClock);
    await journal.close();
    await appendFile(journal.path, '{"kind":"leap","step":"one"}\n');
    await expect(facts()).rejects.toMatchObject({ code: 'RECOVERY_JOURNAL_UNREADABLE' });
    await expect(facts()).rejects.toThrow('line 2');
  });

  it('is never written over', async () => {
    await (await Journal.create(folder, plan, systemClock)).close();
    await expect(Journal.create(folder, plan, systemClock)).rejects.toMatchObject({ code: 'STORE_EXISTS' });
  });
});
