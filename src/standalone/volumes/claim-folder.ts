import { stat } from 'node:fs/promises';
import {
  fitsNode,
  resources,
  wantedHosts,
  type CallOptions,
  type ObjectName,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../apiserver/index.ts';
import { systemCode } from '../../base/index.ts';
import { StandaloneError, type StandaloneErrorCode } from '../errors.ts';
import { find, type VolumeSurroundings } from './cluster-view.ts';
import { isBoundTo } from './match.ts';

/** The folder of this machine that a pod sees when it mounts a claim. */
export type ClaimFolder = (claim: ObjectName, options?: CallOptions) => Promise<string>;

/**
 * Makes the function that the pods' runner asks for folders.
 *
 * @returns the volume's path, which is a folder now. It throws StandaloneError: STANDALONE_CLAIM_MISSING, _CLAIM_PENDING
 * (transient: ask again), _CLAIM_LOST, _VOLUME_ELSEWHERE, _VOLUME_UNUSABLE. The claim gets an event of the same words for
 * those that wait for a user.
 */
export function createClaimFolder(deps: Pick<VolumeSurroundings, 'client' | 'events' | 'nodeName'>): ClaimFolder {
  return async (name, options = {}) => {
    const claim = await find(deps.client, resources.persistentVolumeClaims, name, options);
    if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) throw claimMissing(name, claim);
    try {
      const volume = await volumeOf(deps, claim, options);
      await checkNode(deps, volume, options);
      return await checkFolder(volume);
    } catch (error) {
      if (error instanceof StandaloneError && error.kind === 'needs-user')
        await deps.events.record(claim, {
          type: 'Warning',
          reason: 'FailedMount',
          message: `${error.message}. ${error.hint}`,
        });
      throw error;
    }
  };
}

async function volumeOf(
  { client }: Pick<VolumeSurroundings, 'client'>,
  claim: PersistentVolumeClaim,
  options: CallOptions,
): Promise<PersistentVolume> {
  const { namespace = '', name } = claim.metadata;
  const phase = claim.status?.phase ?? 'Pending';
  const hint = `kubectl describe pvc ${name} -n ${namespace} says why.`;
  if (phase === 'Pending')
    throw refusal('STANDALONE_CLAIM_PENDING', `the claim ${namespace}/${name} is not bound to a volume yet`, hint);
  const volumeName = claim.spec.volumeName ?? '';
  const volume = await find(client, resources.persistentVolumes, { name: volumeName }, options);
  if (phase === 'Lost' || volume === undefined || !isBoundTo(volume, claim))
    throw refusal(
      'STANDALONE_CLAIM_LOST',
      `the claim ${namespace}/${name} has lost its volume ${volumeName}`,
      `Delete the claim and apply it again; it then gets another volume. Data that stands in a folder stays there.`,
    );
  return volume;
}

async function checkNode(
  { client, nodeName }: Pick<VolumeSurroundings, 'client' | 'nodeName'>,
  volume: PersistentVolume,
  options: CallOptions,
): Promise<void> {
  const node = await find(client, resources.nodes, { name: nodeName }, options);
  if (node !== undefined && fitsNode(volume, node)) return;
  const { name } = volume.metadata;
  const hosts = wantedHosts(volume).join(', ') || 'others';
  throw refusal(
    'STANDALONE_VOLUME_ELSEWHERE',
    `the volume ${name} is for the node ${hosts}, and this one is ${nodeName} (volume node affinity conflict)`,
    `Node affinity cannot be changed: delete the PersistentVolume ${name} and apply it again with kubernetes.io/hostname ${nodeName}.`,
  );
}

async function checkFolder(volume: PersistentVolume): Promise<string> {
  const { name } = volume.metadata;
  const path = (volume.spec.local ?? volume.spec.hostPath)?.path;
  if (path === undefined || volume.spec.volumeMode === 'Block')
    throw refusal(
      'STANDALONE_VOLUME_UNUSABLE',
      `the volume ${name} is not a folder of this machine`,
      `Use a PersistentVolume with volumeMode Filesystem and local.path, or the class holdfast-folders.`,
    );
  const problem = await problemWith(path);
  if (problem === undefined) return path;
  throw refusal('STANDALONE_VOLUME_UNUSABLE', `the path ${path} of the volume ${name} ${problem.what}`, problem.hint);
}

async function problemWith(path: string): Promise<{ readonly what: string; readonly hint: string } | undefined> {
  try {
    if ((await stat(path)).isDirectory()) return undefined;
    return { what: 'is not a folder', hint: `Move away what lies there and make a folder: mkdir -m 0700 ${path}` };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT')
      return { what: 'does not exist', hint: `Make it, or mount what belongs there: mkdir -p -m 0700 ${path}` };
    return {
      what: `cannot be looked at (${code ?? 'unknown'})`,
      hint: `Let Holdfast's user reach it: namei -l ${path}`,
    };
  }
}

function claimMissing(name: ObjectName, claim: PersistentVolumeClaim | undefined): StandaloneError {
  const state = claim === undefined ? 'not found' : 'is being deleted';
  return refusal(
    'STANDALONE_CLAIM_MISSING',
    `persistentvolumeclaim "${name.name}" ${state}`,
    `Apply the PersistentVolumeClaim ${name.name} in the namespace ${name.namespace ?? ''}.`,
  );
}

function refusal(code: StandaloneErrorCode, message: string, hint: string): StandaloneError {
  return new StandaloneError(code, message, { hint });
}
