import { posix } from 'node:path';
import { archiveRoots, type ControlPlaneHost, type StaticPodName } from '../../host/index.ts';
import { manifestPath } from './learn-host.ts';
import type { Places, ReplacedPlace } from './places.ts';
import type { Step } from './step.ts';

/** A static pod and the manifest that it will run from. */
export interface ManifestChoice {
  readonly pod: StaticPodName;
  readonly place: ReplacedPlace;
  /** The archive's name of the manifest; undefined: the host's own returns. */
  readonly member: string | undefined;
}

/** A part of the archive that takes its place again. */
export interface ResourceUnit {
  readonly member: string;
  readonly place: ReplacedPlace;
}

/** What of a backup's archive is laid back, and where. */
export interface ResourcePlan {
  readonly units: readonly ResourceUnit[];
  readonly manifests: readonly ManifestChoice[];
}

export interface ArchiveFacts {
  /** Names of all entries. */
  readonly names: readonly string[];
  /** Names of manifests of the four pods, each of which is a pod that can be run. */
  readonly manifests: ReadonlyMap<StaticPodName, string>;
}

/** API server first, so that nothing writes when etcd ends; they come back the other way round. */
export const STOP_ORDER: readonly StaticPodName[] = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'etcd',
];

/**
 * Decides what goes where. The manifests come from the backup where it holds them, since they belong to its snapshot: a key of
 * the encryption configuration that they name may be the only one that opens it. Other static pods of the host stay as they
 * are, and are laid back only where they are missing.
 */
export async function planResources(
  host: Pick<ControlPlaneHost, 'layout' | 'archiveRoot'>,
  archive: ArchiveFacts | undefined,
  places: Places,
): Promise<ResourcePlan> {
  const manifests: ManifestChoice[] = [];
  for (const pod of STOP_ORDER) {
    const place = await places.manifest(manifestPath(host.layout, pod));
    const member = archive?.manifests.get(pod);
    if (place.isThere || member !== undefined) manifests.push({ pod, place, member });
  }
  const units: ResourceUnit[] = [];
  for (const member of rootsOf(host, archive?.names ?? [])) {
    const path = posix.join(host.archiveRoot, member);
    const isManifest = posix.dirname(path) === '/etc/kubernetes/manifests';
    const place = isManifest ? await places.manifest(path) : await places.replaced(path);
    if (manifests.some((each) => each.place.target === place.target)) continue;
    if (!isManifest || !place.isThere) units.push({ member, place });
  }
  return { units, manifests };
}

/** The archive's roots, but the manifests one by one: the kubelet's folder itself is never replaced. */
function rootsOf({ archiveRoot }: Pick<ControlPlaneHost, 'archiveRoot'>, names: readonly string[]): readonly string[] {
  const folder = posix.relative(archiveRoot, '/etc/kubernetes/manifests');
  return archiveRoots(names).flatMap((root) =>
    root === folder ? names.filter((name) => posix.dirname(name) === folder) : [root],
  );
}

/** Unpacks what will be laid back; undefined where there is nothing. */
export function stageStep(archive: string, { units, manifests }: ResourcePlan): Step | undefined {
  const wanted = manifests.flatMap(({ place, member }) => (member === undefined ? [] : [{ member, place }]));
  if (units.length === 0 && wanted.length === 0) return undefined;
  // A manifest that lies inside a unit is in the archive once, and wanted twice.
  const inside = (name: string): ResourceUnit | undefined => units.find(({ member }) => name.startsWith(`${member}/`));
  const copies = wanted.flatMap(({ member, place }) => {
    const unit = inside(member);
    return unit === undefined ? [] : [{ from: unit.place.fresh + member.slice(unit.member.length), to: place.fresh }];
  });
  const alone = wanted.filter(({ member }) => inside(member) === undefined);
  return {
    id: 'stage-resources',
    text: `unpack the static pod resources of ${archive} beside their places`,
    action: {
      kind: 'stage-resources',
      archive,
      units: [...units, ...alone].map(({ member, place }) => ({ member, to: place.fresh })),
      copies,
    },
  };
}

/** Old aside, new in its place, unit by unit. */
export function unitSteps({ units }: ResourcePlan): readonly Step[] {
  return units.flatMap(({ place }) => {
    const { target, fresh, saved, isThere } = place;
    const save: Step = {
      id: `save ${target}`,
      text: `move ${target} to ${saved}`,
      action: { kind: 'move', from: target, to: saved },
    };
    const lay: Step = {
      id: `lay ${target}`,
      text: `lay back ${target} from the backup`,
      action: { kind: 'move', from: fresh, to: target },
    };
    return isThere ? [save, lay] : [lay];
  });
}

/** Takes the manifests away, which makes the kubelet stop the pods. */
export function stopSteps({ manifests }: Pick<ResourcePlan, 'manifests'>): readonly Step[] {
  return manifests
    .filter(({ place }) => place.isThere)
    .map(({ pod, place }) => ({
      id: `stop ${pod}`,
      text: `stop ${pod}: move ${place.target} to ${place.saved}`,
      action: { kind: 'move', from: place.target, to: place.saved },
    }));
}

/** Gives a manifest back to the kubelet: the backup's, or the host's own. */
export function startStep({ pod, place, member }: ManifestChoice): Step {
  const whose = member === undefined ? "the host's own manifest" : "the backup's manifest";
  return {
    id: `start ${pod}`,
    text: `start ${pod}: ${whose} becomes ${place.target}`,
    action: { kind: 'move', from: member === undefined ? place.saved : place.fresh, to: place.target },
    ...(pod === 'etcd' ? { startsNewData: true } : {}),
  };
}
