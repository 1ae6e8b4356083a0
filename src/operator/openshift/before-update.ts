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
import { seriesOf } from '../backup-job.ts';
import type { Surroundings } from '../reconcile.ts';
import { byCreation } from '../turn.ts';
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
  const controller = createController(
    {
      name: 'before-update',
      informers: [parts.backups, parts.etcdBackups],
      workers: 1,
      reconcile: (_key, signal) => reconcile(parts, surroundings, signal),
    },
    surroundings,
  );
  parts.view.onChange(() => controller.enqueue(ONLY));
  parts.etcdBackups.onChange((each) => {
    if (seriesOf(each) === BEFORE_UPDATE_SERIES) controller.enqueue(ONLY);
  });
  return controller;
}

async function reconcile(
  parts: BeforeUpdateParts,
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
  const name = nameFor(update.version);
  if (parts.etcdBackups.get({ name }) !== undefined) return;
  const { maxAgeMinutes = DEFAULT_MAX_AGE_MINUTES, pvcName = '' } = settings;
  const newest = newestGood(parts);
  if (newest !== undefined && newest >= update.since - maxAgeMinutes * MINUTE_MS) return;
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
  const message = `asked for EtcdBackup ${name} before the update to ${update.version}: ${ageOf(newest, now)}`;
  log.info(message);
  await events.record(clusterVersion, { type: 'Normal', reason: 'BackupBeforeUpdate', message });
}

/** Since when the cluster goes to a release that it does not run yet, milliseconds. */
function updateUnderWay({ spec, status }: ClusterVersion, now: Date): { version: string; since: number } | undefined {
  const history = status?.history ?? [];
  const current = history.find(({ state }) => state === 'Completed')?.version;
  const version = spec?.desiredUpdate?.version ?? status?.desired?.version;
  // A cluster that has never completed a release is being installed.
  if (current === undefined || version === undefined || version === current) return undefined;
  const begun = history.find((each) => each.version === version && each.state === 'Partial')?.startedTime;
  return { version, since: begun ? Date.parse(begun) : now.getTime() };
}

function nameFor(version: string): string {
  return `before-update-${version
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .slice(0, 200)}`.replace(/[^a-z0-9]+$/, '');
}

/** When the newest backup of any kind was complete, milliseconds. */
function newestGood({ backups, etcdBackups: all }: BeforeUpdateParts): number | undefined {
  const single = all
    .list()
    .filter((each) => outcomeOf(each) === 'BackupCompleted' && each.status?.backup?.forced !== true);
  const times = [
    ...single.map(({ status }) => status?.completionTime),
    ...backups.list().map(({ status }) => status?.lastSuccessfulTime),
  ].flatMap((time) => (time === undefined ? [] : [Date.parse(time)]));
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
    .filter((each) => seriesOf(each) === BEFORE_UPDATE_SERIES && outcomeOf(each) !== 'BackupPending')
    .toSorted(byCreation);
  for (const { metadata } of ended.slice(0, Math.max(ended.length - keep, 0)))
    await removed(client.delete(etcdBackups, metadata, { uid: metadata.uid, signal }));
}
