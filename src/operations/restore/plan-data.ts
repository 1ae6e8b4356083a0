import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { placeOnHost } from '../../host/index.ts';
import type { BumpDecision } from './bump-revision.ts';
import type { KnownHost } from './learn-host.ts';
import type { Places, ReplacedPlace } from './places.ts';
import type { Step } from './step.ts';

/** Where the data directory, and a log that lies elsewhere, are rebuilt. */
export interface DataPlaces {
  readonly data: ReplacedPlace;
  readonly wal: ReplacedPlace | undefined;
  readonly keep: readonly string[];
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

export async function planDataPlaces({ host, member, dataDir }: KnownHost, places: Places): Promise<DataPlaces> {
  const data = await places.refilled(dataDir);
  const wal = member.walDir === undefined ? undefined : await places.refilled(member.walDir);
  const isInside = wal?.target.startsWith(`${data.target}/`) === true;
  const { diskPath } = await placeOnHost(host.hostRoot, data.target);
  return {
    data,
    wal: isInside ? undefined : wal,
    keep: [places.workName, 'lost+found', ...(await earlierWork(diskPath))],
    owner: await ownerOf(join(diskPath, 'member')),
  };
}

/** What earlier restores have left in a data directory that is a mount point. */
async function earlierWork(dataDir: string): Promise<readonly string[]> {
  return (await readdir(dataDir).catch(() => [])).filter((name) => name.startsWith('.holdfast-'));
}

async function ownerOf(path: string): Promise<DataPlaces['owner']> {
  const stats = await lstat(path).catch(() => undefined);
  return stats === undefined || stats.uid === 0 ? undefined : { uid: stats.uid, gid: stats.gid };
}

export interface BuildFacts {
  readonly snapshot: string;
  readonly onHost: boolean;
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly etcdVersion: string | undefined;
  readonly bump: BumpDecision;
}

/** Makes the new data directory, for a cluster of this member alone and with an id of its own. */
export function buildStep({ data, wal, owner }: DataPlaces, facts: BuildFacts): Step {
  const { snapshot, onHost, id, name, peerUrls, etcdVersion, bump } = facts;
  return {
    id: 'build-data',
    text:
      `build the data directory of ${name} (${peerUrls.join(', ')}), alone in a new cluster, from ${snapshot} in ` +
      `${data.fresh}; revision ${bump.revision}`,
    action: {
      kind: 'build-data',
      snapshot,
      onHost,
      target: data.fresh,
      walTarget: wal?.fresh,
      id,
      name,
      peerUrls: [...peerUrls],
      token: `holdfast-${id}`,
      etcdVersion,
      bump: bump.bump,
      owner,
    },
  };
}

/** The old data out of the way. */
export function saveDataSteps({ data, wal, keep }: DataPlaces): readonly Step[] {
  return [data, wal].flatMap((place) => {
    if (place?.isThere !== true) return [];
    const { target, saved } = place;
    return [
      {
        id: `save ${target}`,
        text: `move everything in ${target} to ${saved}`,
        action: { kind: 'empty-folder' as const, folder: target, into: saved, keep: [...keep] },
      },
    ];
  });
}

/** The new data in its place. */
export function fillDataSteps({ data, wal, keep }: DataPlaces): readonly Step[] {
  return [wal, data].flatMap((place) => {
    if (place === undefined) return [];
    const { target, fresh } = place;
    return [
      {
        id: `fill ${target}`,
        text: `move the new data from ${fresh} into ${target}`,
        action: { kind: 'fill-folder' as const, from: fresh, folder: target, keep: [...keep] },
      },
    ];
  });
}
