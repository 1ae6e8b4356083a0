import type { KubeClient } from '../../apiserver/index.ts';
import { createController, type Controller, type Informer } from '../../controller/index.ts';
import {
  BEFORE_UPDATE_SERIES,
  etcdBackups,
  outcomeOf,
  SERIES_LABEL,
  type Backup,
  type ClusterVersion,
  type EtcdBackup,
} from '../../crd/index.ts';
import { hasCode, removed } from '../answers.ts';
import type { Surroundings } from '../reconcile.ts';
import { byCreation, isUnfinished } from '../turn.ts';
import { isBeforeUpdate } from './despite-rollout.ts';
import { DEFAULT_KEPT_BEFORE_UPDATES, type BeforeUpdateSettings, type HouseRules } from './house-rules.ts';
import type { OpenShiftView } from './openshift-view.ts';

export interface BeforeUpdateParts {
  readonly client: KubeClient;
  readonly view: OpenShiftView;
  readonly rules: HouseRules;
  readonly settings: BeforeUpdateSettings;
  readonly backups: Informer<Backup>;
  readonly etcdBackups: Informer<EtcdBackup>;
}

const MINUTE_MS = 60_000;
const DEFAULT_MAX_AGE_MINUTES = 60;
/** An operator that comes up in the middle of an update does not load a control plane that is rolling out. */
const TOO_LATE_MS = 30 * MINUTE_MS;
const ONLY = 'version';

/** Takes a backup when an update begins, unless there is one that is young enough. */
export function createBeforeUpdateController(parts: BeforeUpdateParts, surroundings: Surroundings): Controller {
  const memory: Memory = { asked: new Set(), told: new Set() };
  const controller = createController(
    {
      name: 'before-update',
      informers: [parts.backups, parts.etcdBackups],
      workers: 1,
      reconcile: (_key, signal) => reconcile(parts, memory, surroundings, signal),
    },
    surroundings,
  );
  parts.view.onChange(() => controller.enqueue(ONLY));
  parts.etcdBackups.onChange((each) => {
    if (isBeforeUpdate(each)) controller.enqueue(ONLY);
  });
  return controller;
}

interface Memory {
  /** Names of those that were made: one that somebody has removed is not made anew. */
  readonly asked: Set<string>;
  /** Names of those that were not needed. */
  readonly told: Set<string>;
}

async function reconcile(
  parts: BeforeUpdateParts,
  { asked, told }: Memory,
  { time, log, events }: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  const { client, view, rules, settings } = parts;
  const { clusterVersion } = view;
  if (clusterVersion === undefined || rules.standsAside() !== undefined) return;
  await removeOld(parts, signal);
  const now = time.now();
  const update = updateUnderWay(clusterVersion, now);
  if (update === undefined || now.getTime() - update.since > TOO_LATE_MS) return;
  const name = nameFor(update.version, clusterVersion);
  if (asked.has(name) || isAskedFor(name, update, parts)) return;
  const { maxAgeMinutes = DEFAULT_MAX_AGE_MINUTES, pvcName = '' } = settings;
  const newest = newestGood(parts);
  const release = update.version === '' ? 'another release' : update.version;
  const tell = async (reason: string, message: string): Promise<void> => {
    log.info(message);
    await events.record(clusterVersion, { type: 'Normal', reason, message });
  };
  if (newest !== undefined && newest >= update.since - maxAgeMinutes * MINUTE_MS) {
    if (!told.has(name))
      await tell('BackupYoungEnough', `no backup before the update to ${release}: ${ageOf(newest, now)}`);
    told.add(name);
    return;
  }
  try {
    await client.create(
      etcdBackups,
      {
        apiVersion: `${etcdBackups.group}/${etcdBackups.version}`,
        kind: etcdBackups.kind,
        metadata: { name, labels: { [SERIES_LABEL]: BEFORE_UPDATE_SERIES } },
        spec: { pvcName },
      },
      { signal },
    );
  } catch (error) {
    if (hasCode(error, 'APISERVER_ALREADY_EXISTS')) return;
    throw error;
  }
  asked.add(name);
  await tell(
    'BackupBeforeUpdate',
    `asked for EtcdBackup ${name} before the update to ${release}: ${ageOf(newest, now)}`,
  );
}

interface Update {
  /** Empty where the release is named by its image alone, and not known yet. */
  readonly version: string;
  /** Milliseconds; now, where it is asked for and has not begun. */
  readonly since: number;
}

/** The release that the cluster goes to, or is asked to go to. Going back to the one before is no update. */
function updateUnderWay({ spec, status }: ClusterVersion, now: Date): Update | undefined {
  const history = status?.history ?? [];
  const [newest] = history;
  const running = history.find(({ state }) => state === 'Completed');
  // A cluster that has never completed a release is being installed.
  if (newest === undefined || running === undefined) return undefined;
  if (newest.state !== 'Completed') {
    const isBack = newest.version === running.version && newest.image === running.image;
    const since = newest.startedTime ? Date.parse(newest.startedTime) : now.getTime();
    return isBack ? undefined : { version: newest.version, since };
  }
  const { version = '', image = '', mode } = spec?.desiredUpdate ?? {};
  const isOther = (version !== '' && version !== running.version) || (image !== '' && image !== running.image);
  return isOther && mode !== 'Preflight' ? { version, since: now.getTime() } : undefined;
}

/**
 * One for each time that it is asked for: the generation counts changes of what the cluster is asked for. It is asked for a
 * while before it begins.
 */
function nameFor(version: string, { metadata: { generation = 0 } }: ClusterVersion): string {
  const release = version.toLowerCase().replace(/[^a-z0-9.]+/g, '-');
  return `before-update-${release.slice(0, 200).replace(/[^a-z0-9]+$/, '') || 'release'}-${generation}`;
}

/** Whatever became of it: a second one would come later, and be from the midst of the update. */
function isAskedFor(name: string, { since }: Update, { etcdBackups: all }: BeforeUpdateParts): boolean {
  return all
    .list()
    .filter(isBeforeUpdate)
    .some(
      (each) =>
        each.metadata.name === name || isUnfinished(each) || Date.parse(each.metadata.creationTimestamp) >= since,
    );
}

/**
 * When the newest backup of any kind was begun, milliseconds: what was written since then may not be in it. Not of those that
 * were taken although a check refused.
 */
function newestGood({ backups, etcdBackups: all }: BeforeUpdateParts): number | undefined {
  const ended = all.list().filter((each) => outcomeOf(each) === 'BackupCompleted');
  const forced = new Set(
    ended.filter(({ status }) => status?.backup?.forced === true).map(({ metadata }) => metadata.name),
  );
  const single = ended
    .filter(({ metadata }) => !forced.has(metadata.name))
    .map(({ status }) => Date.parse(status?.startTime ?? status?.completionTime ?? ''));
  // The objects of old runs are gone; what is known of the newest stays.
  const ofSeries = backups.list().map(({ status }) => {
    const { lastSuccess, lastSuccessfulTime = '' } = status ?? {};
    if (forced.has(lastSuccess?.etcdBackup ?? '')) return NaN;
    return Date.parse(lastSuccessfulTime) - (lastSuccess?.seconds ?? 0) * 1000;
  });
  const times = [...single, ...ofSeries].filter((time) => !isNaN(time));
  return times.length === 0 ? undefined : Math.max(...times);
}

function ageOf(newest: number | undefined, now: Date): string {
  if (newest === undefined) return 'there is no good backup';
  return `the newest good backup is ${Math.round((now.getTime() - newest) / MINUTE_MS)} minutes old`;
}

/** Their files go by retention; the objects of those go here. */
async function removeOld(
  { client, etcdBackups: all, settings }: BeforeUpdateParts,
  signal: AbortSignal,
): Promise<void> {
  const { keep = DEFAULT_KEPT_BEFORE_UPDATES } = settings;
  const ended = all
    .list()
    .filter((each) => isBeforeUpdate(each) && outcomeOf(each) !== 'BackupPending')
    .toSorted(byCreation);
  for (const { metadata } of ended.slice(0, Math.max(ended.length - keep, 0)))
    await removed(client.delete(etcdBackups, metadata, { uid: metadata.uid, signal }));
}
