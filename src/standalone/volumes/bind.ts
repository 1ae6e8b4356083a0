import {
  resources,
  type CallOptions,
  type KubeClient,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../apiserver/index.ts';
import { isReservedFor } from './match.ts';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER } from './names.ts';

type ClaimPhase = 'Pending' | 'Bound' | 'Lost';
type VolumePhase = NonNullable<NonNullable<PersistentVolume['status']>['phase']>;

/**
 * Ties a volume and a claim together: four writes, each of which is left out where it has been made already, so that a
 * binding that was cut short goes on. The volume comes first: its version decides between two claims that want it.
 *
 * @throws ApiServerError APISERVER_CONFLICT where either has changed meanwhile
 */
export async function bind(
  client: KubeClient,
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
  options: CallOptions,
): Promise<void> {
  const taken = await setVolumePhase(
    client,
    await takeVolume(client, volume, claim, options),
    { phase: 'Bound' },
    options,
  );
  const named = await nameVolume(client, claim, volume.metadata.name, options);
  await setClaimPhase(client, named, 'Bound', taken, options);
}

async function takeVolume(
  client: KubeClient,
  volume: PersistentVolume,
  claim: PersistentVolumeClaim,
  options: CallOptions,
): Promise<PersistentVolume> {
  if (volume.spec.claimRef?.uid === claim.metadata.uid) return volume;
  // Where the user had reserved the volume, the reservation outlives the binding; see `unbind`.
  const mark = isReservedFor(volume, claim) ? {} : { [BOUND_BY_CONTROLLER]: 'yes' };
  const claimRef = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    namespace: claim.metadata.namespace,
    name: claim.metadata.name,
    uid: claim.metadata.uid,
    resourceVersion: claim.metadata.resourceVersion,
  };
  const metadata = { ...volume.metadata, annotations: { ...volume.metadata.annotations, ...mark } };
  return client.update(
    resources.persistentVolumes,
    { ...volume, metadata, spec: { ...volume.spec, claimRef } },
    options,
  );
}

async function nameVolume(
  client: KubeClient,
  claim: PersistentVolumeClaim,
  volumeName: string,
  options: CallOptions,
): Promise<PersistentVolumeClaim> {
  const isNamed = claim.spec.volumeName === volumeName;
  if (isNamed && claim.metadata.annotations?.[BIND_COMPLETED] !== undefined) return claim;
  const annotations = {
    ...claim.metadata.annotations,
    ...(isNamed ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }),
    [BIND_COMPLETED]: 'yes',
  };
  const changed = { ...claim, metadata: { ...claim.metadata, annotations }, spec: { ...claim.spec, volumeName } };
  return client.update(resources.persistentVolumeClaims, changed, options);
}

/**
 * Takes the claim out of a volume, so that it is free again. A reservation that the user had made keeps the claim's name and
 * loses only its uid.
 */
export async function unbind(
  client: KubeClient,
  volume: PersistentVolume,
  options: CallOptions,
): Promise<PersistentVolume> {
  const { claimRef, ...spec } = volume.spec;
  const { [BOUND_BY_CONTROLLER]: mark, ...annotations } = volume.metadata.annotations ?? {};
  const isOurs = mark !== undefined || claimRef === undefined;
  const reserved = {
    namespace: claimRef?.namespace,
    name: claimRef?.name,
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
  };
  const changed = {
    ...volume,
    metadata: { ...volume.metadata, annotations },
    spec: isOurs ? spec : { ...spec, claimRef: reserved },
  };
  const free = await client.update(resources.persistentVolumes, changed, options);
  return setVolumePhase(client, free, { phase: 'Available' }, options);
}

/** Writes a claim's phase, with what its volume offers; nothing where it says so already. */
export async function setClaimPhase(
  client: KubeClient,
  claim: PersistentVolumeClaim,
  phase: ClaimPhase,
  volume: PersistentVolume | undefined,
  options: CallOptions,
): Promise<void> {
  const offered =
    volume === undefined ? {} : { accessModes: volume.spec.accessModes ?? [], capacity: volume.spec.capacity ?? {} };
  if (claim.status?.phase === phase && (phase !== 'Bound' || saysTheSame(claim.status, offered))) return;
  const status = { ...claim.status, phase, accessModes: undefined, capacity: undefined, ...offered };
  await client.updateStatus(resources.persistentVolumeClaims, { ...claim, status }, options);
}

function saysTheSame(
  status: NonNullable<PersistentVolumeClaim['status']>,
  offered: Pick<typeof status, 'accessModes' | 'capacity'>,
): boolean {
  const words = ({ accessModes = [], capacity = {} }: typeof offered): string =>
    JSON.stringify([accessModes, Object.entries(capacity).toSorted()]);
  return words(status) === words(offered);
}

/** Writes a volume's phase; nothing where it says so already. */
export async function setVolumePhase(
  client: KubeClient,
  volume: PersistentVolume,
  { phase, message }: { readonly phase: VolumePhase; readonly message?: string },
  options: CallOptions,
): Promise<PersistentVolume> {
  const said = volume.status;
  if (said?.phase === phase && (said.message ?? '') === (message ?? '')) return volume;
  const status = { ...said, phase, message };
  return client.updateStatus(resources.persistentVolumes, { ...volume, status }, options);
}
