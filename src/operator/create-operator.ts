import type { KubeClient } from '../apiserver/index.ts';
import type { Log, Time } from '../base/index.ts';
import { createEventRecorder, type Controller, type Informer } from '../controller/index.ts';
import { backups, etcdBackups } from '../crd/index.ts';
import { createBackupController } from './backup-controller.ts';
import type { BackupParts } from './backup-parts.ts';
import { createEtcdBackupController } from './etcd-backup-controller.ts';
import { createBeforeUpdateController } from './openshift/before-update.ts';
import { createHouseRules, NO_RULES } from './openshift/house-rules.ts';
import { createOpenShiftView, type OpenShiftView } from './openshift/openshift-view.ts';
import type { Surroundings } from './reconcile.ts';
import { untilServed } from './served.ts';
import { resolveSettings, type BackupJobSettings } from './settings.ts';
import { createView } from './view.ts';

export interface OperatorOptions {
  readonly client: KubeClient;
  readonly time: Time;
  readonly log: Log;
  /** From 0 to below 1, to spread the waits after failures. Default: they are not spread. */
  readonly random?: (() => number) | undefined;
  readonly settings: BackupJobSettings;
}

/** The controllers of Backup and EtcdBackup. */
export interface Operator {
  /**
   * Works until the signal aborts, then resolves; it never rejects for what happens meanwhile. While the API server does not
   * serve the two resources it waits for them. On a cluster with several of its kind, only the leader may run.
   *
   * @throws TypeError where it is called twice
   */
  run(signal: AbortSignal): Promise<void>;
  /** Everything has been seen, and nothing is in work or ready for it. Waiting for a later time counts as idle. */
  readonly isIdle: boolean;
  /** In Prometheus' text format, part by part, from the objects as they stand. */
  metrics(): AsyncIterable<string>;
  /** Everything has been seen, or there is nothing to see while the resources are not served. */
  isReady(): boolean;
}

/** The operator on any Kubernetes API. Throws TypeError for settings that cannot be. */
export function createOperator(options: OperatorOptions): Operator {
  return new BackupOperator(options);
}

class BackupOperator implements Operator {
  readonly #options: OperatorOptions;
  readonly #parts: BackupParts;
  readonly #controllers: readonly Controller[];
  readonly #openshift: OpenShiftView | undefined;
  #phase: 'new' | 'connecting' | 'waiting' | 'at work' = 'new';
  #metrics: Promise<() => AsyncIterable<string>> | undefined;

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { client, time, log, random } = options;
    const watch = { time, log, random };
    const { openshift } = options.settings;
    this.#openshift = openshift && createOpenShiftView({ client, ...watch });
    const rules = openshift && this.#openshift ? createHouseRules(this.#openshift, openshift) : NO_RULES;
    const parts = { client, settings: resolveSettings(options.settings), rules, ...createView(client, watch) };
    this.#parts = parts;
    const events = createEventRecorder(client, { component: 'holdfast-operator', time, log });
    const surroundings: Surroundings = { client, time, log, events };
    const controllers = [createEtcdBackupController(parts, surroundings), createBackupController(parts, surroundings)];
    let known = '';
    this.#openshift?.onChange(() => {
      const now = [rules.standsAside(), rules.freshUntil()?.getTime()].join();
      if (now !== known) this.#wakeAll();
      known = now;
    });
    this.#openshift?.onRollouts(() => this.#wakeUnfinished());
    this.#controllers = [...controllers, ...this.#beforeUpdate(parts, surroundings)];
  }

  /** Where the rules of the house may have changed. */
  #wakeAll(): void {
    const [etcdBackupController, backupController] = this.#controllers;
    for (const { metadata } of this.#parts.etcdBackups.list()) etcdBackupController?.enqueue(metadata.name);
    for (const { metadata } of this.#parts.backups.list()) backupController?.enqueue(metadata.name);
  }

  /** Where a rollout has begun, goes on or is over. */
  #wakeUnfinished(): void {
    const [etcdBackupController] = this.#controllers;
    for (const { metadata } of this.#parts.line.all) etcdBackupController?.enqueue(metadata.name);
  }

  #beforeUpdate(parts: BackupParts, surroundings: Surroundings): readonly Controller[] {
    const settings = this.#options.settings.openshift?.beforeUpdate;
    if (settings === undefined || this.#openshift === undefined) return [];
    return [createBeforeUpdateController({ ...parts, settings, view: this.#openshift }, surroundings)];
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#phase !== 'new') throw new TypeError('the operator is already running');
    this.#phase = 'connecting';
    const { client, time, log } = this.#options;
    const isServed = await untilServed(client, [backups, etcdBackups], {
      time,
      log,
      signal,
      onAbsent: () => (this.#phase = 'waiting'),
    });
    if (!isServed) return;
    const watching = this.#openshift?.run(signal);
    await this.#openshift?.synced(signal);
    this.#phase = 'at work';
    log.info('backups are served; the controllers begin');
    await Promise.all([watching, ...[...this.#informers(), ...this.#controllers].map((part) => part.run(signal))]);
  }

  get isIdle(): boolean {
    return this.#phase === 'waiting' || this.#controllers.every(({ isIdle }) => isIdle);
  }

  isReady(): boolean {
    return (
      this.#phase === 'waiting' || (this.#phase === 'at work' && this.#informers().every((each) => each.hasSynced))
    );
  }

  async *metrics(): AsyncGenerator<string, void> {
    // Loaded when somebody asks: most runs of an operator are never scraped.
    this.#metrics ??= import('./metrics.ts').then(({ createMetrics }) =>
      createMetrics(this.#parts, this.#options.time),
    );
    yield* (await this.#metrics)();
  }

  #informers(): readonly Pick<Informer, 'hasSynced' | 'run'>[] {
    const { backups: policies, etcdBackups: single, cronJobs, jobs, pods } = this.#parts;
    return [policies, single, cronJobs, jobs, pods];
  }
}
