import { HoldfastError, messageOf } from '../../base/index.ts';
import { perform, undo, type ActionContext } from './actions/index.ts';
import type { RestoreSurroundings } from './contracts.ts';
import { RecoveryError } from './errors.ts';
import type { Journal } from './journal.ts';
import type { Step } from './step.ts';
import { removeEmptyWorkFolders } from './tidy.ts';
import { undoText } from './undo-text.ts';

/** How the steps of one journal are carried out. */
export interface RunOptions {
  readonly hostRoot: string;
  /** For each wait, milliseconds. */
  readonly timeoutMs: number;
  readonly surroundings: RestoreSurroundings;
}

/**
 * Carries out the steps of a journal that are not done yet, in order. A step that fails before anything runs with the new
 * data takes everything back by itself; one that fails later leaves it to the operator to continue or to roll back.
 *
 * @throws RecoveryError RECOVERY_ROLLED_BACK or RECOVERY_STEP_FAILED with the failure as its cause; the signal's reason where it
 * aborts after something was started
 */
export async function runForward(journal: Journal, options: RunOptions): Promise<void> {
  for (const step of journal.plan.steps) {
    if (journal.facts.done.has(step.id)) continue;
    try {
      await note(journal, 'begin', step, options);
      await perform(step.action, contextOf(journal, options));
    } catch (error) {
      await giveUp(journal, step, error, options);
    }
    await note(journal, 'done', step, options);
  }
  await journal.noteState('finished');
  await removeEmptyWorkFolders(journal.plan, options.hostRoot);
}

/**
 * Undoes every step that was begun, the last one first.
 *
 * @throws RecoveryError RECOVERY_STEP_FAILED with the failure as its cause; the signal's reason where it aborts
 */
export async function runBack(journal: Journal, options: RunOptions): Promise<void> {
  const context = contextOf(journal, options);
  if (journal.facts.state !== 'rolling-back') await journal.noteState('rolling-back');
  const begun = new Set(journal.facts.begun);
  for (const step of journal.plan.steps.toReversed().filter(({ id }) => begun.has(id))) {
    await note(journal, 'undo', step, options);
    try {
      await undo(step.action, context);
    } catch (error) {
      options.surroundings.signal.throwIfAborted();
      await noteFailure(journal, step, error);
      throw failed(journal, `could not undo: ${step.text}`, error, 'run --rollback again; it goes on where it stopped');
    }
    await note(journal, 'undone', step, options);
  }
  await journal.noteState('rolled-back');
  await removeEmptyWorkFolders(journal.plan, options.hostRoot);
}

async function giveUp(journal: Journal, step: Step, error: unknown, options: RunOptions): Promise<never> {
  const { signal, log } = options.surroundings;
  if (!signal.aborted) await noteFailure(journal, step, error);
  if (journal.facts.started) {
    signal.throwIfAborted();
    const next = 'run the same command again to continue, or with --rollback to put everything back';
    throw failed(journal, step.text, error, next);
  }
  log.warn(`${step.text}: ${messageOf(error)}; nothing runs with the new data yet, so everything is put back`);
  // Whoever interrupts a restore does not want its host left without a control plane.
  const surroundings = { ...options.surroundings, signal: new AbortController().signal };
  await runBack(journal, { ...options, surroundings });
  signal.throwIfAborted();
  throw new RecoveryError('RECOVERY_ROLLED_BACK', `the restore was taken back, because this failed: ${step.text}`, {
    subject: journal.path,
    hint: error instanceof HoldfastError ? error.hint : 'Mend what is named, and run it again.',
    cause: error,
  });
}

function contextOf(journal: Journal, { hostRoot, timeoutMs, surroundings }: RunOptions): ActionContext {
  return { hostRoot, timeoutMs, surroundings, started: journal.facts.started };
}

async function note(
  journal: Journal,
  kind: 'begin' | 'done' | 'undo' | 'undone',
  step: Step,
  { surroundings }: RunOptions,
): Promise<void> {
  await journal.note(kind, step.id);
  const text = kind === 'undo' || kind === 'undone' ? undoText(step) : forwardText(step);
  await surroundings.onRecord?.({ kind, step: step.id, text });
}

function forwardText({ text, action }: Step): string | undefined {
  return action.kind === 'wait-stopped' && action.when === 'undo' ? undefined : text;
}

async function noteFailure(journal: Journal, step: Step, error: unknown): Promise<void> {
  const code = error instanceof HoldfastError ? String(error.code) : 'UNFORESEEN';
  await journal.noteFailure(step.id, code, messageOf(error));
}

function failed(journal: Journal, what: string, error: unknown, next: string): RecoveryError {
  const hint = error instanceof HoldfastError ? `${error.hint} Then ${next}.` : `Then ${next}.`;
  return new RecoveryError('RECOVERY_STEP_FAILED', `a step of the restore failed: ${what}`, {
    subject: journal.path,
    hint,
    cause: error,
  });
}
