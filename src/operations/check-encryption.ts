import type { Manifest } from '../backup/index.ts';
import type { Finding } from '../base/index.ts';
import {
  clusterFacts,
  encryptionChanging,
  missingKeyFinding,
  missingKeys,
  parseEncryptionConfiguration,
  type EncryptedGroup,
  type EncryptionConfiguration,
  type OpenShiftFacts,
} from '../kube/index.ts';
import { findLiveMissingKeys, type SnapshotInspection } from './inspect/inspect-snapshot.ts';
import type { Surroundings } from './surroundings.ts';

/** What is encrypted at rest in a snapshot, and whether what was saved beside it opens it. */
export interface EncryptionCheck {
  readonly manifest: Manifest['encryption'];
  readonly findings: readonly Finding[];
}

/**
 * Compares the key names that encrypted values carry with the encryption configurations that were saved. A key that
 * only superseded values carry may be missing: nobody reads them again.
 *
 * @param saved - the configurations by their names in the archive; undefined where no archive belongs to the snapshot
 * @throws KubeError where a saved configuration cannot be understood
 */
export async function checkEncryptionKeys(
  inspection: SnapshotInspection,
  saved: ReadonlyMap<string, Uint8Array> | undefined,
  surroundings: Pick<Surroundings, 'inspectWorker' | 'signal' | 'progress'>,
): Promise<EncryptionCheck> {
  const facts = inspection.census && clusterFacts(inspection.census);
  const checked = await checkKeys(inspection, saved, surroundings);
  return {
    manifest: { ...checked.manifest, openshift: facts?.openshift && describeOpenShift(facts.openshift) },
    findings: checked.findings,
  };
}

/** Whether OpenShift was encrypting or decrypting what lies in the snapshot. */
export function checkEncryptionChanges({ census }: SnapshotInspection): readonly Finding[] {
  return census === undefined ? [] : encryptionChanging(clusterFacts(census));
}

function describeOpenShift({ encryptionType, encryption }: OpenShiftFacts): Manifest['encryption']['openshift'] {
  const apiServers = encryption.map(({ apiServer, encrypted, reason, changing }) => ({
    name: apiServer,
    encrypted,
    reason,
    changing,
  }));
  return { type: encryptionType, apiServers };
}

async function checkKeys(
  inspection: SnapshotInspection,
  saved: ReadonlyMap<string, Uint8Array> | undefined,
  surroundings: Pick<Surroundings, 'inspectWorker' | 'signal' | 'progress'>,
): Promise<EncryptionCheck> {
  const encrypted = inspection.census?.encrypted ?? [];
  const configFiles = [...(saved?.keys() ?? [])];
  const summary = { encryptedResources: summarise(inspection), configFiles };
  if (encrypted.length === 0) return { manifest: { ...summary, keysSaved: 'not-needed' }, findings: [] };
  if (saved === undefined) return { manifest: { ...summary, keysSaved: 'none' }, findings: [keysNotSaved(encrypted)] };
  const { missing, findings } = missingKeys(encrypted, parseAll(saved));
  const needed = missing.length === 0 ? [] : await findLiveMissingKeys(inspection.path, missing, surroundings);
  const keysSaved =
    needed.length > 0
      ? 'incomplete'
      : encrypted.every(({ provider }) => provider === 'kms')
        ? 'external-kms'
        : 'in-resources';
  return { manifest: { ...summary, keysSaved }, findings: [...findings, ...needed.map(missingKeyFinding)] };
}

function parseAll(saved: ReadonlyMap<string, Uint8Array>): readonly EncryptionConfiguration[] {
  return [...saved].map(([name, bytes]) => parseEncryptionConfiguration(Buffer.from(bytes).toString('utf8'), name));
}

/** One row a resource and provider, with all its key names. */
function summarise({ census }: SnapshotInspection): Manifest['encryption']['encryptedResources'] {
  if (census === undefined) return [];
  const rows = new Map<string, { resource: string; provider: string; keyNames: string[]; count: number }>();
  for (const { resource, provider, keyName, count } of clusterFacts(census).encrypted) {
    const id = `${resource} ${provider}`;
    const row = rows.get(id) ?? { resource, provider, keyNames: [], count: 0 };
    if (!row.keyNames.includes(keyName)) row.keyNames.push(keyName);
    row.count += count;
    rows.set(id, row);
  }
  return [...rows.values()];
}

function keysNotSaved(encrypted: readonly EncryptedGroup[]): Finding {
  const resources = [...new Set(encrypted.map(({ resource }) => resource))].join(', ');
  return {
    severity: 'warning',
    code: 'BACKUP_KEYS_NOT_SAVED',
    where: 'snapshot',
    message: `${resources} in the snapshot are encrypted at rest, and no static pod resources with their keys are saved beside it`,
    hint: 'Without the keys these objects cannot be read after a restore. Keep the encryption configuration of the kube-apiserver in a safe place.',
  };
}
