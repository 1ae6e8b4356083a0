import type { Finding } from '../../base/index.ts';
import { detectLayout, placeOnHost } from '../../host/index.ts';
import type { BumpDecision } from './bump-revision.ts';
import type { RestoreSurroundings } from './contracts.ts';
import { RecoveryError } from './errors.ts';
import { findBackup } from './find-backup.ts';
import { Journal, type JournalFacts } from './journal.ts';
import { nextSteps } from './next-steps.ts';
import { prepareHostRestore, type PreparedRestore } from './prepare-host.ts';
import type {
  InstructionsReport,
  RestoreHostRequest,
  RestoreOnHostRequest,
  RestorePreview,
  RestoreReport,
} from './requests.ts';
import { instructRancher } from './rancher.ts';
import { findJournals, lockRestores, restoreFolderOf } from './restore-folder.ts';
import { runBack, runForward } from './run-steps.ts';
import { undoText } from './undo-text.ts';

/**
 * Brings a control-plane host back from a backup, as one transaction: everything that may fail for want of room, of rights or
 * of a good backup is made ready beside what is there; then the static pods stop, renames put the new in the place of the old,
 * and the pods start again.
 *
 * Run again after a crash it goes on with the journal that it finds. Nothing of the old state is deleted.
 *
 * @throws RecoveryError, OperationError, HostError, StoreError, by what failed
 */
export async function restoreHost(
  request: RestoreHostRequest,
  surroundings: RestoreSurroundings,
): Promise<RestoreReport | InstructionsReport> {
  const layout = request.layout === 'auto' ? (await detectLayout(request.hostRoot))?.layout : request.layout;
  if (layout === 'k3s' || layout === 'rke2') return instructRancher(request, layout, surroundings);
  const isSame = async ({ plan }: JournalFacts): Promise<boolean> =>
    plan.verb === 'host' && plan.snapshot === (await snapshotPath(request, surroundings.signal));
  return carryOut(request, isSame, (journals) => prepareHostRestore(request, journals, surroundings), surroundings);
}

async function snapshotPath(
  { path, resourcesDir }: Pick<RestoreHostRequest, 'path' | 'resourcesDir'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { backup } = await findBackup({ path, resourcesDir, signal });
  return backup.files.find(({ kind }) => kind === 'snapshot')?.path;
}

/** Makes a plan when no earlier restore has to be ended first. */
export type Prepare = (journals: readonly JournalFacts[]) => Promise<PreparedRestore>;

/** The frame of every restore on a host: lock, continue or begin, show, ask, run. */
export async function carryOut(
  request: RestoreOnHostRequest,
  isSame: (journal: JournalFacts) => Promise<boolean> | boolean,
  prepare: Prepare,
  surroundings: RestoreSurroundings,
): Promise<RestoreReport> {
  return locked(request, surroundings, async () => {
    const journals = await findJournals(request.hostRoot);
    const unfinished = journals.find(({ state }) => state === 'open' || state === 'rolling-back');
    if (unfinished !== undefined) {
      if (unfinished.state === 'rolling-back' || !(await isSame(unfinished))) throw otherFirst(unfinished);
      const preview = previewOf(unfinished, 'continue', [], undefined);
      return (await goesOn(request, preview))
        ? run(request, preview, () => reopen(unfinished, surroundings), surroundings)
        : planned(preview);
    }
    const { plan, findings, bump } = await prepare(journals);
    const preview: RestorePreview = { plan, remaining: plan.steps, kind: 'begin', findings, bump };
    if (!(await goesOn(request, preview))) return planned(preview);
    const { diskPath } = await placeOnHost(request.hostRoot, restoreFolderOf(plan.id));
    return run(request, preview, () => Journal.create(diskPath, plan, surroundings.clock), surroundings);
  });
}

/**
 * Undoes the latest restore, finished or not.
 *
 * @throws RecoveryError RECOVERY_NOTHING_TO_ROLL_BACK, RECOVERY_NOT_CONFIRMED, RECOVERY_STEP_FAILED; StoreError
 */
export async function rollBackHost(
  request: RestoreOnHostRequest,
  surroundings: RestoreSurroundings,
): Promise<RestoreReport> {
  return locked(request, surroundings, async () => {
    const journals = await findJournals(request.hostRoot);
    const latest =
      journals.find(({ state }) => state === 'open' || state === 'rolling-back') ??
      journals.findLast(({ state }) => state === 'finished');
    if (latest === undefined) throw nothingToRollBack(request.hostRoot);
    const preview = previewOf(latest, 'roll-back', [], undefined);
    if (!(await goesOn(request, preview))) return planned(preview);
    const journal = await reopen(latest, surroundings);
    const timed = timing(surroundings);
    try {
      await runBack(journal, { ...request, surroundings: timed.surroundings });
    } finally {
      await journal.close();
    }
    return { ...reportOf(preview, 'rolled-back', timed.durations), nextSteps: afterRollback(latest) };
  });
}

async function run(
  request: RestoreOnHostRequest,
  preview: RestorePreview,
  open: () => Promise<Journal>,
  surroundings: RestoreSurroundings,
): Promise<RestoreReport> {
  const journal = await open();
  const timed = timing(surroundings);
  try {
    await runForward(journal, { ...request, surroundings: timed.surroundings });
  } finally {
    await journal.close();
  }
  return { ...reportOf(preview, 'restored', timed.durations), nextSteps: nextSteps(preview.plan) };
}

/** A dry run writes nothing, not even a lock. */
async function locked<T>(
  { hostRoot, dryRun }: RestoreOnHostRequest,
  surroundings: RestoreSurroundings,
  work: () => Promise<T>,
): Promise<T> {
  if (dryRun) return work();
  const lock = await lockRestores(hostRoot, surroundings);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

async function goesOn({ dryRun, confirm }: RestoreOnHostRequest, preview: RestorePreview): Promise<boolean> {
  if (dryRun) return false;
  if (await confirm(preview)) return true;
  throw new RecoveryError('RECOVERY_NOT_CONFIRMED', 'nothing was changed: the plan was not agreed to', {
    hint: 'Answer yes, or give --yes in a script.',
  });
}

function reopen(facts: JournalFacts, { clock }: RestoreSurroundings): Promise<Journal> {
  return Journal.reopen(facts, clock);
}

function previewOf(
  { plan, begun, done }: JournalFacts,
  kind: RestorePreview['kind'],
  findings: readonly Finding[],
  bump: BumpDecision | undefined,
): RestorePreview {
  const remaining =
    kind === 'roll-back'
      ? plan.steps.toReversed().flatMap((step) => {
          const text = begun.includes(step.id) ? undoText(step) : undefined;
          return text === undefined ? [] : [{ ...step, text }];
        })
      : plan.steps.filter(({ id }) => !done.has(id));
  return { plan, remaining, kind, findings, bump };
}

function planned(preview: RestorePreview): RestoreReport {
  return {
    ...reportOf(preview, 'planned', []),
    nextSteps: preview.kind === 'roll-back' ? [] : nextSteps(preview.plan),
  };
}

function reportOf(
  preview: RestorePreview,
  outcome: RestoreReport['outcome'],
  durations: RestoreReport['durations'],
): Omit<RestoreReport, 'nextSteps'> {
  return { ...preview, outcome, folder: restoreFolderOf(preview.plan.id), durations };
}

/** Measures the steps by the records that they leave. */
function timing(surroundings: RestoreSurroundings): {
  readonly surroundings: RestoreSurroundings;
  readonly durations: RestoreReport['durations'];
} {
  const durations: { step: string; ms: number }[] = [];
  let since = 0;
  const onRecord: RestoreSurroundings['onRecord'] = async (event) => {
    const now = surroundings.clock.monotonicMs();
    if (event.kind === 'begin' || event.kind === 'undo') since = now;
    else durations.push({ step: event.step, ms: now - since });
    await surroundings.onRecord?.(event);
  };
  return { surroundings: { ...surroundings, onRecord }, durations };
}

function afterRollback({ plan, started }: JournalFacts): readonly string[] {
  const kept = plan.steps.flatMap(({ action }) => (action.kind === 'build-data' ? [action.target] : []));
  return [
    'The static pods start again with the old data: crictl ps',
    ...(started
      ? [
          `What was restored, and maybe written to since, is kept in ${kept.join(', ')}; remove it when it is of no use.`,
        ]
      : []),
  ];
}

function otherFirst({ plan, path, state }: JournalFacts): RecoveryError {
  const how = state === 'rolling-back' ? 'its rollback was cut short' : 'it was cut short';
  const again = plan.verb === 'host' ? `holdfast restore host ${plan.snapshot}` : 'holdfast restore quorum';
  const goOn = state === 'rolling-back' ? '' : `, or go on with it: ${again}`;
  return new RecoveryError(
    'RECOVERY_UNFINISHED',
    `an earlier restore (${plan.id}, from ${plan.source}) is not finished: ${how}`,
    {
      subject: path,
      hint: `Take it back first: holdfast restore host --rollback${goOn}.`,
    },
  );
}

function nothingToRollBack(hostRoot: string): RecoveryError {
  return new RecoveryError('RECOVERY_NOTHING_TO_ROLL_BACK', `no restore of ${hostRoot} is left to be rolled back`, {
    subject: hostRoot,
    hint: 'ls /var/lib/holdfast/restores shows every restore of this host; its journal.jsonl says how it ended.',
  });
}
