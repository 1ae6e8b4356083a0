import { isDeepStrictEqual } from 'node:util';
import { progressOf, STATIC_POD_OPERATORS, type KubeClient, type OperatorProgress } from '../../apiserver/index.ts';
import { messageOf, type Log, type Time } from '../../base/index.ts';
import { createInformer, pause, type Informer } from '../../controller/index.ts';
import {
  clusterOperators,
  clusterVersions,
  featureGates,
  type ClusterOperator,
  type ClusterVersion,
  type FeatureGate,
} from '../../crd/index.ts';
import { servedResources } from '../discovery.ts';

/** What an OpenShift cluster says of itself; on any other Kubernetes, nothing. */
export interface OpenShiftView {
  /** False as long as it is not known. */
  readonly isOpenShift: boolean;
  /** Resolves when it is known what kind of cluster this is, and what there is to see has been seen; never rejects. */
  synced(signal: AbortSignal): Promise<void>;
  readonly featureGate: FeatureGate | undefined;
  readonly clusterVersion: ClusterVersion | undefined;
  /** The operators that roll out a revision of what a backup holds. Nothing as long as they cannot be seen. */
  readonly rollouts: readonly OperatorProgress[];
  /** Called after every change of the feature gate and of the release. */
  onChange(listener: () => void): void;
  /** Called when other operators roll out than before, or say something else of it. */
  onRollouts(listener: () => void): void;
  /** Looks what kind of cluster this is, then watches until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface OpenShiftViewOptions {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  readonly random?: (() => number) | undefined;
}

const LOOK_AGAIN_MS = 2_000;
/** Nothing is held up for operators that cannot be seen: the Job of a backup asks as well. */
const LONGEST_WAIT_FOR_OPERATORS_MS = 10_000;
const GATE = { name: 'cluster' };
const VERSION = { name: 'version' };

export function createOpenShiftView(options: OpenShiftViewOptions): OpenShiftView {
  return new View(options);
}

class View implements OpenShiftView {
  readonly #options: OpenShiftViewOptions;
  readonly #gates: Informer<FeatureGate>;
  readonly #versions: Informer<ClusterVersion>;
  readonly #operators: Informer<ClusterOperator>;
  #rollouts: readonly OperatorProgress[] = [];
  readonly #listeners: (() => void)[] = [];
  readonly #rolloutListeners: (() => void)[] = [];
  #tellRecognized: () => void = () => undefined;
  readonly #recognized = new Promise<void>((resolve) => (this.#tellRecognized = resolve));
  #kind: 'unknown' | 'openshift' | 'other' = 'unknown';

  constructor(options: OpenShiftViewOptions) {
    this.#options = options;
    const { client, time, log, random } = options;
    this.#gates = createInformer(client, featureGates, { time, log, random });
    this.#versions = createInformer(client, clusterVersions, { time, log, random });
    this.#operators = createInformer(client, clusterOperators, { time, log, random });
    for (const informer of [this.#gates, this.#versions])
      informer.onChange(() => this.#listeners.forEach((listener) => listener()));
    this.#operators.onChange(() => this.#lookForRollouts());
  }

  get isOpenShift(): boolean {
    return this.#kind === 'openshift';
  }

  get featureGate(): FeatureGate | undefined {
    return this.#gates.get(GATE);
  }

  get clusterVersion(): ClusterVersion | undefined {
    return this.#versions.get(VERSION);
  }

  get rollouts(): readonly OperatorProgress[] {
    return this.#rollouts;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  onRollouts(listener: () => void): void {
    this.#rolloutListeners.push(listener);
  }

  #lookForRollouts(): void {
    const now = STATIC_POD_OPERATORS.flatMap((name) => this.#operators.get({ name }) ?? [])
      .map(({ metadata, status }) => progressOf(metadata.name, status))
      .filter(({ progressing }) => progressing);
    if (isDeepStrictEqual(now, this.#rollouts)) return;
    this.#rollouts = now;
    for (const listener of this.#rolloutListeners) listener();
  }

  async synced(signal: AbortSignal): Promise<void> {
    await this.#recognized;
    if (!this.isOpenShift) return;
    // Where the signal aborts there is nobody left to tell.
    await Promise.allSettled([
      this.#gates.synced(signal),
      this.#versions.synced(signal),
      this.#operatorsSeenOrLate(signal),
    ]);
  }

  async #operatorsSeenOrLate(signal: AbortSignal): Promise<void> {
    const late = new AbortController();
    const cancel = this.#options.time.after(LONGEST_WAIT_FOR_OPERATORS_MS, () => late.abort());
    try {
      await this.#operators.synced(AbortSignal.any([signal, late.signal]));
    } finally {
      cancel();
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#kind = await this.#recognize(signal);
    this.#tellRecognized();
    if (!this.isOpenShift) return;
    await Promise.all([this.#gates, this.#versions, this.#operators].map((informer) => informer.run(signal)));
  }

  /** OpenShift serves its own configuration from its first minute on, so one look is enough. */
  async #recognize(signal: AbortSignal): Promise<'openshift' | 'other' | 'unknown'> {
    const { client, time, log } = this.#options;
    while (!signal.aborted) {
      try {
        const names = await servedResources(client, clusterVersions, signal);
        return [clusterVersions, featureGates].every(({ plural }) => names.has(plural)) ? 'openshift' : 'other';
      } catch (error) {
        log.warn('looking whether this is OpenShift', { reason: messageOf(error) });
      }
      await pause(time, LOOK_AGAIN_MS, signal);
    }
    return 'unknown';
  }
}
