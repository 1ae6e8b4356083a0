import { createHash } from 'node:crypto';
import {
  objects,
  resources,
  type CallOptions,
  type CustomResourceDefinition,
  type KubeClient,
  type NewObject,
} from '../../apiserver/index.ts';
import type { Log } from '../../base/index.ts';
import { backupDefinition, etcdBackupDefinition, featureGates, type FeatureGate } from '../../crd/index.ts';
import { ensure, find, unless } from './lookup.ts';

/** The feature behind the two kinds of backups (openshift/api: features/features.go). */
const FEATURE = 'AutomatedEtcdBackup';
const GATE = 'cluster';
const FEATURE_SETS: ReadonlySet<string> = new Set(['TechPreviewNoUpgrade', 'DevPreviewNoUpgrade']);

/** Which definition was written last, so that a newer Holdfast brings its own. */
const DIGEST = 'holdfast.io/definition-digest';

/** Whether a FeatureGate turns on the kinds of backups. */
export function enablesBackups({ spec }: Pick<FeatureGate, 'spec'>): boolean {
  const featureSet = spec?.featureSet ?? '';
  if (featureSet !== 'CustomNoUpgrade') return FEATURE_SETS.has(featureSet);
  return (
    (spec?.customNoUpgrade?.enabled ?? []).includes(FEATURE) &&
    !(spec?.customNoUpgrade?.disabled ?? []).includes(FEATURE)
  );
}

export interface FeatureGateOptions {
  readonly client: KubeClient;
  readonly log: Log;
  /** The kinds of backups are there whatever the gate says. */
  readonly enableBackups: boolean;
  /** Under which release the status lists the features. */
  readonly release: string;
}

/**
 * Makes the kinds of backups appear where the FeatureGate `cluster` asks for them. They never go again: with them every
 * Backup would go too.
 */
export class FeatureGateKeeper {
  readonly #options: FeatureGateOptions;
  /** What a gate that somebody deletes comes back with: it cannot be unset. */
  #lastSpec: NonNullable<FeatureGate['spec']> = {};
  #saidHow = false;

  constructor(options: FeatureGateOptions) {
    this.#options = options;
  }

  async reconcile(options: CallOptions): Promise<void> {
    const { client, enableBackups } = this.#options;
    const gate = await ensure(
      client,
      featureGates,
      {
        apiVersion: 'config.openshift.io/v1',
        kind: 'FeatureGate',
        metadata: { name: GATE },
        spec: this.#lastSpec,
      },
      options,
    );
    this.#lastSpec = gate.spec ?? {};
    const isOn = enableBackups || enablesBackups(gate);
    if (isOn)
      for (const definition of [backupDefinition, etcdBackupDefinition]) await this.#define(definition, options);
    else await this.#sayHow(options);
    await this.#report(gate, isOn, options);
  }

  /** Once, where nobody has turned backups on yet. */
  async #sayHow(options: CallOptions): Promise<void> {
    if (this.#saidHow) return;
    this.#saidHow = true;
    const { client, log } = this.#options;
    const name = backupDefinition.metadata.name ?? '';
    if ((await find(client, resources.customResourceDefinitions, { name }, options)) !== undefined) return;
    log.info(
      'backups are not enabled: apply the FeatureGate cluster with featureSet TechPreviewNoUpgrade, or start with --enable-backups',
    );
  }

  async #define(definition: NewObject<CustomResourceDefinition>, options: CallOptions): Promise<void> {
    const { client, log } = this.#options;
    const resource = resources.customResourceDefinitions;
    const { metadata: own, spec } = objects.customResourceDefinition.parse(definition);
    const { name } = own;
    const digest = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16);
    const standing = await find(client, resource, { name }, options);
    const annotations = { ...own.annotations, [DIGEST]: digest };
    if (standing === undefined) {
      const object = { ...definition, metadata: { ...definition.metadata, annotations } };
      const made = await unless('APISERVER_ALREADY_EXISTS', client.create(resource, object, options));
      if (made !== undefined) log.info('a kind of backups is there now', { definition: name });
      return;
    }
    if (standing.metadata.annotations?.[DIGEST] === digest || standing.metadata.deletionTimestamp !== undefined) return;
    const metadata = { ...standing.metadata, annotations: { ...standing.metadata.annotations, ...annotations } };
    await client.update(resource, { ...standing, metadata, spec }, options);
    log.info("a kind of backups got this release's definition", { definition: name });
  }

  async #report(gate: FeatureGate, isOn: boolean, options: CallOptions): Promise<void> {
    const { client, release } = this.#options;
    const [enabled, disabled] = isOn ? [[{ name: FEATURE }], []] : [[], [{ name: FEATURE }]];
    const wanted = [{ version: release, enabled, disabled }];
    const said = (gate.status?.featureGates ?? []).map((each) => ({
      version: each.version,
      enabled: (each.enabled ?? []).map(({ name }) => ({ name })),
      disabled: (each.disabled ?? []).map(({ name }) => ({ name })),
    }));
    if (JSON.stringify(said) === JSON.stringify(wanted)) return;
    await client.updateStatus(featureGates, { ...gate, status: { ...gate.status, featureGates: wanted } }, options);
  }
}
