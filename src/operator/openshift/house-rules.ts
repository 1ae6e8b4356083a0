import type { OperatorProgress } from '../../apiserver/index.ts';
import type { OpenShiftView } from './openshift-view.ts';

/** How the operator lives with OpenShift. */
export interface OpenShiftSettings {
  /** Take care of backups although cluster-etcd-operator does too. Default: false. */
  readonly takeOver?: boolean | undefined;
  /** How long after the cluster's installation backups wait, in hours, 0 to 720. Default: 24. */
  readonly freshHours?: number | undefined;
  /** How long backups wait where one of the control plane's operators rolls out, milliseconds; 0: not at all. Default: 2 hours. */
  readonly rolloutWaitMs?: number | undefined;
  /** Take a backup when an update begins; undefined: none is taken. */
  readonly beforeUpdate?: BeforeUpdateSettings | undefined;
}

export interface BeforeUpdateSettings {
  /** A good backup of at most this age, in minutes, is enough. Default: 60. */
  readonly maxAgeMinutes?: number | undefined;
  /** How many backups before updates are kept, from 1. Default: 3. */
  readonly keep?: number | undefined;
  /** The claim that they go to. Default: none, the control-plane nodes' own disks. */
  readonly pvcName?: string | undefined;
}

/** How many backups before updates stay where nobody says. */
export const DEFAULT_KEPT_BEFORE_UPDATES = 3;

/** The feature behind which cluster-etcd-operator takes care of the two kinds (openshift/api, features/features.go). */
const FEATURE = 'AutomatedEtcdBackup';
const HOUR_MS = 3_600_000;
const DEFAULT_FRESH_HOURS = 24;
export const DEFAULT_ROLLOUT_WAIT_MS = 2 * HOUR_MS;
const MOST_FRESH_HOURS = 720;

/** What the steps ask before they do anything. */
export interface HouseRules {
  isOpenShift(): boolean;
  /** Why the operator leaves the resources alone; undefined where it does not. */
  standsAside(): string | undefined;
  /** Until when backups wait, or waited; undefined where they never did. */
  freshUntil(): Date | undefined;
  /** The operators that roll out what a backup holds. */
  rollouts(): readonly OperatorProgress[];
}

/** On a cluster that is no OpenShift, or whose kind nobody asked for. */
export const NO_RULES: HouseRules = {
  isOpenShift: () => false,
  standsAside: () => undefined,
  freshUntil: () => undefined,
  rollouts: () => [],
};

export function createHouseRules(view: OpenShiftView, settings: OpenShiftSettings): HouseRules {
  const { takeOver = false, freshHours = DEFAULT_FRESH_HOURS } = settings;
  if (!(freshHours >= 0 && freshHours <= MOST_FRESH_HOURS))
    throw new TypeError(`freshHours: expected 0 to ${MOST_FRESH_HOURS}, got ${freshHours}`);
  return {
    isOpenShift: () => view.isOpenShift,
    standsAside: () => (!takeOver && isHandledByCluster(view) ? STANDS_ASIDE : undefined),
    freshUntil: () => freshUntil(view, freshHours),
    rollouts: () => view.rollouts,
  };
}

const STANDS_ASIDE =
  'the cluster’s feature gate AutomatedEtcdBackup is on, so cluster-etcd-operator takes care of it; Holdfast stands aside unless it is started with --take-over';

/** Whether cluster-etcd-operator takes care of the same resources. */
function isHandledByCluster({ featureGate, clusterVersion }: OpenShiftView): boolean {
  const versions = featureGate?.status?.featureGates ?? [];
  const desired = clusterVersion?.status?.desired?.version;
  // During an update several releases are listed; where none of them is the cluster's, any may be at work.
  const named = versions.filter(({ version }) => version === desired);
  return (named.length === 0 ? versions : named).some(({ enabled }) => enabled?.some(({ name }) => name === FEATURE));
}

/**
 * The control plane's certificates are replaced for the first time 24 hours after the installation; a backup from before that
 * holds some that run out (OpenShift 4.17, Backup and restore, 5.1).
 */
function freshUntil({ clusterVersion }: OpenShiftView, freshHours: number): Date | undefined {
  if (clusterVersion === undefined) return undefined;
  return new Date(Date.parse(clusterVersion.metadata.creationTimestamp) + freshHours * HOUR_MS);
}
