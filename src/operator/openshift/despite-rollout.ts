import { BEFORE_UPDATE_SERIES, ROLLOUT_ANNOTATION, SERIES_LABEL, type EtcdBackup } from '../../crd/index.ts';
import type { ResolvedSettings } from '../settings.ts';

/** Whether a backup is taken when an update begins: now or never. */
export function isBeforeUpdate({ metadata }: Pick<EtcdBackup, 'metadata'>): boolean {
  return metadata.labels?.[SERIES_LABEL] === BEFORE_UPDATE_SERIES;
}

/** Whether a backup waits for no rollout: somebody accepts that it is marked, or there is no time, since an update is one. */
export function isDespiteRollout(etcdBackup: Pick<EtcdBackup, 'metadata'>): boolean {
  return isBeforeUpdate(etcdBackup) || etcdBackup.metadata.annotations?.[ROLLOUT_ANNOTATION] === 'accepted';
}

/** What a Job does about a rollout that begins after it was made. It keeps half of its time for the backup itself. */
export function rolloutArguments(
  etcdBackup: Pick<EtcdBackup, 'metadata'>,
  { rolloutWaitMs, activeDeadlineSeconds }: Pick<ResolvedSettings, 'rolloutWaitMs' | 'activeDeadlineSeconds'>,
): readonly string[] {
  if (isDespiteRollout(etcdBackup)) return ['--despite-rollout'];
  const seconds = Math.floor(Math.min(rolloutWaitMs / 1000, activeDeadlineSeconds / 2));
  return seconds > 0 ? ['--rollout-wait', `${seconds}s`] : [];
}
