import type { Finding } from '../../../base/index.ts';
import { readEncryptionConfigs, type ControlPlaneHost } from '../../../host/index.ts';
import { checkEncryptionKeys } from '../../check-encryption.ts';
import type { SnapshotInspection } from '../../inspect/inspect-snapshot.ts';
import type { Surroundings } from '../../surroundings.ts';
import { finding } from '../errors.ts';

/**
 * Whether the API server that will run can read the snapshot, where the backup brings no encryption configuration: by the one
 * that this host has.
 */
export async function checkHostKeys(
  host: ControlPlaneHost,
  inspection: SnapshotInspection,
  surroundings: Pick<Surroundings, 'inspectWorker' | 'signal' | 'progress'>,
): Promise<readonly Finding[]> {
  if ((inspection.census?.encrypted ?? []).length === 0) return [];
  const configs = await readEncryptionConfigs(host);
  const saved = new Map(configs.map(({ path, bytes }) => [path, bytes]));
  const { manifest, findings } = await checkEncryptionKeys(inspection, saved, surroundings);
  if (manifest.keysSaved !== 'incomplete') return findings;
  const resources = manifest.encryptedResources.map(({ resource }) => resource).join(', ');
  const where = configs[0]?.path ?? '--encryption-provider-config';
  const message = `${resources} in the snapshot are encrypted with keys that are neither in the backup nor on this host: nobody could read them`;
  const hint =
    'Use the backup with its static pod resources (--resources-dir), or bring the key into the encryption configuration first.';
  return [finding('error', 'RECOVERY_KEYS_MISSING', where, message, hint)];
}
