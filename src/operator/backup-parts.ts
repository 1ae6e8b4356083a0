import type { KubeClient } from '../apiserver/index.ts';
import type { Backup, BackupCondition } from '../crd/index.ts';
import type { HouseRules } from './openshift/house-rules.ts';
import { hold, type Pass } from './reconcile.ts';
import type { ResolvedSettings } from './settings.ts';
import type { View } from './view.ts';

/** What the steps for a Backup work with. */
export interface BackupParts extends View {
  readonly client: KubeClient;
  readonly settings: ResolvedSettings;
  readonly rules: HouseRules;
}

export type BackupPass = Pass<Backup>;

interface Statement {
  readonly holds: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Says that a condition holds or not; what is news (another status or reason than before) becomes an event too. */
export function say(
  pass: BackupPass,
  type: BackupCondition,
  { holds, reason, message }: Statement,
  event: 'Normal' | 'Warning' | 'none',
): void {
  const status = holds ? 'True' : 'False';
  const before = pass.status.conditions?.find((each) => each.type === type);
  hold(pass, { type, status, reason, message });
  if (event !== 'none' && (before?.status !== status || before.reason !== reason))
    pass.events.push({ type: event, reason, message });
}
