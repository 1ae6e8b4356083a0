import type { InstructionsReport, RestorePreview, RestoreReport } from '../../operations/index.ts';
import type { Terminal } from '../environment.ts';
import { toJson } from './json.ts';
import { findingLines } from './show-error.ts';

const TITLES = {
  begin: 'restores',
  continue: 'goes on restoring',
  'roll-back': 'takes back the restore of',
} as const;

/** What is about to happen: what was found, then every step with its paths. */
export function showPreview(preview: RestorePreview, to: Terminal): void {
  const { plan, remaining, kind, findings, bump } = preview;
  for (const each of findings) to.write(`${findingLines(each, '')}\n`);
  const node = plan.nodeName ?? 'this host';
  to.write(`this ${TITLES[kind]} ${plan.source} on ${node} (${plan.layout}, etcd member ${plan.memberName}):\n`);
  remaining.forEach(({ text }, index) => {
    to.write(`${String(index + 1).padStart(3)}. ${text}\n`);
  });
  if (bump !== undefined && kind === 'begin') to.write(`revision: raised to ${bump.revision}; ${bump.reason}\n`);
}

/** How a restore went, and what is left for people to do. */
export function showRestore(
  report: RestoreReport | InstructionsReport,
  format: 'text' | 'json',
  { stdout }: { readonly stdout: Terminal },
): void {
  if (format === 'json') {
    stdout.write(`${toJson(report.outcome === 'instructions' ? report : restoreDocument(report), 2)}\n`);
    return;
  }
  if (report.outcome === 'instructions') {
    for (const each of report.findings) stdout.write(`${findingLines(each, '')}\n`);
    stdout.write(`${report.source} is good; nothing was changed, since ${report.why}\n`);
    showNext(report.nextSteps, stdout);
    return;
  }
  if (report.outcome === 'planned') {
    showPreview(report, stdout);
    stdout.write('dry run: nothing was changed\n');
    return;
  }
  const { plan, folder, nextSteps } = report;
  const took = report.durations.reduce((sum, { ms }) => sum + ms, 0);
  const done =
    report.outcome === 'restored'
      ? `${plan.source} is restored; etcd serves at revision ${plan.revision} or above`
      : `the restore of ${plan.source} is taken back`;
  stdout.write(`${done} (${(took / 1000).toFixed(1)} s); the journal and what was saved: ${folder}\n`);
  showNext(nextSteps, stdout);
}

function showNext(steps: readonly string[], to: Terminal): void {
  if (steps.length > 0) to.write('next:\n');
  steps.forEach((step, index) => to.write(`${String(index + 1).padStart(3)}. ${step}\n`));
}

function restoreDocument({
  outcome,
  kind,
  plan,
  folder,
  remaining,
  findings,
  bump,
  nextSteps,
  durations,
}: RestoreReport): unknown {
  const { id, verb, layout, nodeName, memberName, source, snapshot, revision } = plan;
  return {
    outcome,
    kind,
    id,
    verb,
    layout,
    nodeName,
    memberName,
    source,
    snapshot,
    revision,
    bump,
    folder,
    steps: remaining.map((step) => ({ id: step.id, text: step.text })),
    findings,
    nextSteps,
    durations: durations.map(({ step, ms }) => ({ step, ms: Math.round(ms) })),
  };
}
