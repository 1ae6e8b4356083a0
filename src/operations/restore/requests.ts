import type { Finding } from '../../base/index.ts';
import type { HostLayout } from '../../host/index.ts';
import type { BumpDecision } from './bump-revision.ts';
import type { Plan } from './journal-schema.ts';
import type { Step } from './step.ts';

/** What every verb that restores on a host is told. */
export interface RestoreOnHostRequest {
  readonly layout: HostLayout | 'auto';
  /** The folder of this machine that is the host's `/`. */
  readonly hostRoot: string;
  /** Codes of findings that are no reason to stop; see `OVERRIDABLE`. */
  readonly overrides: ReadonlySet<string>;
  /** For each wait, milliseconds. */
  readonly timeoutMs: number;
  /** Whether the restore ends only when the API server is ready. */
  readonly waitApiServer: boolean;
  /** Show the plan and stop. */
  readonly dryRun: boolean;
  /** Shown the plan; only true goes on. */
  readonly confirm: (preview: RestorePreview) => Promise<boolean>;
}

export interface RestoreHostRequest extends RestoreOnHostRequest {
  /** A backup, one of its files, its id in its folder, a folder of backups, or any snapshot. */
  readonly path: string;
  readonly resourcesDir: string | undefined;
  /** Leave the static pod resources as they are. */
  readonly snapshotOnly: boolean;
  /** As the host names it; undefined: as its etcd is started. */
  readonly dataDir: string | undefined;
}

/** What is about to happen. */
export interface RestorePreview {
  readonly plan: Plan;
  /** Those not done yet, in order; of a rollback those to be undone, with `text` saying what undoing does. */
  readonly remaining: readonly Step[];
  /** `continue`: an earlier run began it. */
  readonly kind: 'begin' | 'continue' | 'roll-back';
  readonly findings: readonly Finding[];
  readonly bump: BumpDecision | undefined;
}

/** A host that its own program has to restore: what to run. */
export interface InstructionsReport {
  readonly outcome: 'instructions';
  readonly layout: 'k3s' | 'rke2';
  readonly source: string;
  readonly findings: readonly Finding[];
  /** Why Holdfast does not do it itself. */
  readonly why: string;
  readonly nextSteps: readonly string[];
}

/** How a restore went. */
export interface RestoreReport extends RestorePreview {
  readonly outcome: 'planned' | 'restored' | 'rolled-back';
  /** Where the journal and what was saved lie, as the host names it. */
  readonly folder: string;
  /** What is left for people to do, in order; commands among them. */
  readonly nextSteps: readonly string[];
  /** Milliseconds each step took that was carried out. */
  readonly durations: readonly { readonly step: string; readonly ms: number }[];
}
