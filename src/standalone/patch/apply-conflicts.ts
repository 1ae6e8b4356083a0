import { compareText, printPath } from './field-path.ts';
import { managerKey, printManager, type ManagedEntry } from './managed-fields.ts';

/** A field that another manager owns and that was to become another value. */
export interface ApplyConflict {
  /** `"kubectl" using batch/v1`. */
  readonly manager: string;
  /** `.spec.suspend`. */
  readonly field: string;
  /** The message of the cause in kube-apiserver's answer: `conflict with "kubectl" using batch/v1`. */
  readonly message: string;
}

export interface ApplyConflicts {
  readonly conflicts: readonly ApplyConflict[];
  /** The message of kube-apiserver's answer: `Apply failed with 1 conflict: …`. */
  readonly message: string;
}

/** What an apply would take from others, in kube-apiserver's words. */
export function describeConflicts(found: readonly ManagedEntry[]): ApplyConflicts {
  const sorted = [...found].sort((a, b) => compareText(managerKey(a), managerKey(b)));
  const conflicts = sorted.flatMap((entry) => {
    const manager = printManager(entry);
    return [...entry.fields.paths()].map((path) => ({
      manager,
      field: printPath(path),
      message: `conflict with ${manager}`,
    }));
  });
  const [only, second] = conflicts;
  if (only && !second) {
    return { conflicts, message: `Apply failed with 1 conflict: ${only.message}: ${only.field}` };
  }
  const lines = sorted.flatMap((entry) => [
    `conflicts with ${printManager(entry)}:`,
    ...[...entry.fields.paths()].map((path) => `- ${printPath(path)}`),
  ]);
  return { conflicts, message: `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}` };
}
