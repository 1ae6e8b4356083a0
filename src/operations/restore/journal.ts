import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { makePrivateFolder, messageOf, PRIVATE_FILE_MODE, syncFolder, type Clock } from '../../base/index.ts';
import { storageError } from '../../store/index.ts';
import { RecoveryError } from './errors.ts';
import { recordSchema, type JournalRecord, type Plan } from './journal-schema.ts';

export const JOURNAL_NAME = 'journal.jsonl';

/**
 * - `open`: begun; it goes on forward, or is rolled back
 * - `rolling-back`: only the way back is left
 * - `finished`, `rolled-back`: ended
 */
export type JournalState = 'open' | 'rolling-back' | 'finished' | 'rolled-back';

/** A journal as it was read. */
export interface JournalFacts {
  /** The file, on this machine. */
  readonly path: string;
  readonly plan: Plan;
  readonly state: JournalState;
  /** Ids of steps that were begun, done or not, and not undone since; in order. */
  readonly begun: readonly string[];
  readonly done: ReadonlySet<string>;
  /** Whether a step after which something may run with the new data was ever begun, undone since or not. */
  readonly started: boolean;
}

/** What was lately written about a step. */
export type StepRecord = Extract<JournalRecord, { readonly step: string }>['kind'];

/**
 * The diary of one restore: a line is on the disk before what it announces is begun, and another after it is done. So
 * whoever finds it after a crash knows every step that may have left a trace.
 */
export class Journal {
  readonly path: string;
  readonly plan: Plan;
  readonly #file: FileHandle;
  readonly #clock: Clock;
  #facts: JournalFacts;

  private constructor(facts: JournalFacts, file: FileHandle, clock: Clock) {
    this.path = facts.path;
    this.plan = facts.plan;
    this.#facts = facts;
    this.#file = file;
    this.#clock = clock;
  }

  /** Begins a journal in a new folder. Throws StoreError where it cannot be written. */
  static async create(folder: string, plan: Plan, clock: Clock): Promise<Journal> {
    const path = join(folder, JOURNAL_NAME);
    try {
      await makePrivateFolder(folder);
      const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
      const file = await open(path, flags, PRIVATE_FILE_MODE);
      await write(file, { kind: 'plan', version: 1, plan });
      for (const each of [folder, dirname(folder), dirname(dirname(folder))]) await syncFolder(each);
      return new Journal(untouched(path, plan), file, clock);
    } catch (error) {
      throw storageError(error, path);
    }
  }

  /** Opens a journal to go on with it. */
  static async reopen(facts: JournalFacts, clock: Clock): Promise<Journal> {
    try {
      const file = await open(facts.path, constants.O_RDWR | constants.O_APPEND);
      await cutTornLine(file);
      return new Journal(facts, file, clock);
    } catch (error) {
      throw storageError(error, facts.path);
    }
  }

  get facts(): JournalFacts {
    return this.#facts;
  }

  /** Writes down what is about to happen to a step, or has happened. */
  async note(kind: Exclude<StepRecord, 'failed'>, step: string): Promise<void> {
    await this.#append({ kind, step, at: this.#clock.now() });
  }

  async noteFailure(step: string, code: string, message: string): Promise<void> {
    await this.#append({ kind: 'failed', step, at: this.#clock.now(), code, message });
  }

  async noteState(kind: 'finished' | 'rolling-back' | 'rolled-back'): Promise<void> {
    await this.#append({ kind, at: this.#clock.now() });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #append(record: JournalRecord): Promise<void> {
    try {
      await write(this.#file, record);
    } catch (error) {
      throw storageError(error, this.path);
    }
    this.#facts = after(this.#facts, record);
  }
}

/**
 * Reads a journal. A last line that was cut short was never acted on and is left out.
 *
 * @returns undefined where not even the plan was written whole: nothing has happened then
 * @throws RecoveryError RECOVERY_JOURNAL_UNREADABLE, StoreError
 */
export async function readJournal(path: string): Promise<JournalFacts | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw storageError(error, path);
  }
  const lines = text.split('\n').slice(0, -1);
  const [first, ...rest] = lines.map((line, index) => parseLine(line, path, index + 1));
  if (first === undefined) return undefined;
  if (first.kind !== 'plan') throw unreadable(path, 1, 'it does not begin with a plan');
  return rest.reduce(after, untouched(path, first.plan));
}

function untouched(path: string, plan: Plan): JournalFacts {
  return { path, plan, state: 'open', begun: [], done: new Set(), started: false };
}

function after(facts: JournalFacts, record: JournalRecord): JournalFacts {
  switch (record.kind) {
    case 'begin':
      return begin(facts, record.step);
    case 'done':
      return { ...facts, done: new Set([...facts.done, record.step]) };
    case 'undone': {
      const done = new Set(facts.done);
      done.delete(record.step);
      return { ...facts, begun: facts.begun.filter((step) => step !== record.step), done };
    }
    case 'finished':
    case 'rolling-back':
    case 'rolled-back':
      return { ...facts, state: record.kind };
    case 'plan':
    case 'failed':
    case 'undo':
      return facts;
  }
}

function begin(facts: JournalFacts, step: string): JournalFacts {
  if (facts.begun.includes(step)) return facts;
  const starts = facts.plan.steps.some(({ id, startsNewData }) => id === step && startsNewData === true);
  return { ...facts, begun: [...facts.begun, step], started: facts.started || starts };
}

async function write(file: FileHandle, record: JournalRecord): Promise<void> {
  await file.appendFile(`${JSON.stringify(z.encode(recordSchema, record))}\n`);
  await file.datasync();
}

/** A line that a crash cut short would swallow the next one. */
async function cutTornLine(file: FileHandle): Promise<void> {
  const bytes = await file.readFile();
  const whole = bytes.lastIndexOf(0x0a) + 1;
  if (whole < bytes.length) await file.truncate(whole);
}

function parseLine(line: string, path: string, number: number): JournalRecord {
  try {
    return z.decode(recordSchema, JSON.parse(line) as z.input<typeof recordSchema>);
  } catch (error) {
    const why = error instanceof z.ZodError ? (error.issues[0]?.message ?? '') : messageOf(error);
    throw unreadable(path, number, why, error);
  }
}

function unreadable(path: string, line: number, why: string, cause?: unknown): RecoveryError {
  return new RecoveryError('RECOVERY_JOURNAL_UNREADABLE', `line ${line} of ${path} cannot be understood: ${why}`, {
    subject: path,
    hint:
      'It may be of a newer Holdfast: use that one. Otherwise every path that was moved stands in it in plain words; ' +
      'move them back by hand, and put the file aside.',
    cause,
  });
}
