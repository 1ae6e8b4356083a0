import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { Backup } from '../../backup/index.ts';
import { hasErrors, type Finding } from '../../base/index.ts';
import { followOnHost, placeOnHost, readHostText, type HostLayout } from '../../host/index.ts';
import { clusterFacts, type ClusterFacts } from '../../kube/index.ts';
import { verifyBackup, type BackupVerification } from '../verify-backup.ts';
import { readArchiveFacts, type ReadArchiveFacts } from './archive-facts.ts';
import { decideBump, type BumpDecision, type RevisionSource } from './bump-revision.ts';
import { checkReadable } from './checks/readable.ts';
import { checkIdentity } from './checks/identity.ts';
import { checkHostKeys } from './checks/keys.ts';
import { checkOtherMembers, otherMembers } from './checks/other-members.ts';
import { checkArchiveFits, checkCertificates } from './checks/resources.ts';
import { checkRoom, roomForData } from './checks/room.ts';
import { checkUpdate, checkVersions } from './checks/version.ts';
import type { RestoreSurroundings } from './contracts.ts';
import { applyOverrides, finding, refused } from './errors.ts';
import { findBackup, type FoundBackup } from './find-backup.ts';
import type { JournalFacts } from './journal.ts';
import type { Plan } from './journal-schema.ts';
import { describeForRestore, learnHost, type KnownHost } from './learn-host.ts';
import { Places } from './places.ts';
import { buildStep, fillDataSteps, planDataPlaces, saveDataSteps } from './plan-data.ts';
import { planResources, stageStep, startStep, stopSteps, unitSteps, type ResourcePlan } from './plan-resources.ts';
import { apiServerSteps, barrierStep, etcdStep, stoppedStep } from './plan-waits.ts';
import type { RestoreHostRequest } from './requests.ts';
import type { Step } from './step.ts';

/** A restore that could begin. */
export interface PreparedRestore {
  readonly plan: Plan;
  readonly findings: readonly Finding[];
  readonly bump: BumpDecision;
}

/** What is known before anything is decided. */
export interface HostRestoreFacts {
  readonly found: FoundBackup;
  readonly verification: BackupVerification;
  readonly known: KnownHost;
  /** Of the archive that will be laid back; undefined: only the data is restored. */
  readonly archive: { readonly path: string; readonly facts: ReadArchiveFacts } | undefined;
}

/**
 * Finds out everything that a restore has to know, and plans it. Changes nothing.
 *
 * @throws RecoveryError RECOVERY_REFUSED with every finding, HostError, OperationError, StoreError
 */
export async function prepareHostRestore(
  request: RestoreHostRequest,
  journals: readonly JournalFacts[],
  surroundings: RestoreSurroundings,
): Promise<PreparedRestore> {
  const facts = await gatherFacts(request, surroundings);
  const id = newId(surroundings.clock.now());
  const bump = decideBump(snapshotRevision(facts), revisionSources(facts, journals));
  const etcdVersion = etcdVersionOf(facts);
  const findings = await checkAll(facts, request, { etcdVersion, bump }, surroundings);
  const judged = applyOverrides(findings, request.overrides);
  if (hasErrors(judged)) throw refused(judged);
  return { plan: await planSteps(facts, request, { id, bump, etcdVersion }, surroundings), findings: judged, bump };
}

/** The time to the second, and a little chance: two hosts that restore in one second shall not form one cluster. */
export function newId(now: Date): string {
  const time = now.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
  return `${time}-${randomBytes(2).toString('hex')}`;
}

/** Throws as {@link prepareHostRestore}. */
export async function gatherFacts(
  request: Pick<RestoreHostRequest, 'path' | 'resourcesDir' | 'layout' | 'hostRoot' | 'snapshotOnly' | 'dataDir'>,
  surroundings: RestoreSurroundings,
): Promise<HostRestoreFacts> {
  const { signal } = surroundings;
  const found = await findBackup({ path: request.path, resourcesDir: request.resourcesDir, signal });
  const host = await describeForRestore(request, signal);
  const verification = await verifyBackup(found.backup, surroundings);
  const resources = request.snapshotOnly ? undefined : verification.resources;
  const archive = resources && {
    path: resources.path,
    facts: await readArchiveFacts(resources.path, host.layout, signal),
  };
  const known = await learnHost(host, archive?.facts.etcdManifest, surroundings);
  if (known?.member.name === undefined || known.member.peerUrls.length === 0) {
    throw refused([...host.findings.filter(({ severity }) => severity === 'error'), etcdUnknown(host.layout)]);
  }
  const dataDir =
    request.dataDir === undefined ? known.dataDir : (await followOnHost(host.hostRoot, request.dataDir)).path;
  return { found, verification, known: { ...known, dataDir }, archive };
}

/** The finding for a host whose etcd could be started by nobody. */
export function etcdUnknown(layout: HostLayout): Finding {
  const folder = '/etc/kubernetes/manifests';
  const message = `neither ${folder} nor the backup says how the etcd of this ${layout} host is started (its name and its peer URL)`;
  const hint = `Put the manifest of etcd back into ${folder}, also where it was moved away to stop etcd.`;
  return finding('error', 'RECOVERY_ETCD_UNKNOWN', folder, message, hint);
}

function snapshotRevision({ verification }: HostRestoreFacts): bigint {
  return verification.snapshot?.walk?.status.revision ?? 0n;
}

/** The release of the etcd that will start: what runs here, else what the host's manifest names, else what took the backup. */
function etcdVersionOf({ known, found, archive }: HostRestoreFacts): string | undefined {
  const ofImage = archive?.facts.etcdManifest === undefined ? known.member.version : undefined;
  return ofImage ?? known.old.etcdVersion ?? known.member.version ?? found.backup.manifest?.etcd.version;
}

/** Everything that says how far the cluster had come, earlier restores too: they raised the revision. */
function revisionSources(
  { found, known }: HostRestoreFacts,
  journals: readonly JournalFacts[],
): readonly RevisionSource[] {
  const own = found.backup.manifest?.cluster;
  const neighbours = found.neighbours.flatMap(({ id, manifest }): readonly RevisionSource[] => {
    const isSame =
      manifest !== undefined &&
      (own === undefined || manifest.cluster.kubeSystemUid === own.kubeSystemUid) &&
      (own?.kubeSystemUid !== undefined || manifest.cluster.etcdClusterId === own?.etcdClusterId);
    return isSame ? [{ what: `the manifest of ${id}`, revision: manifest.snapshot.revision, kind: 'exact' }] : [];
  });
  const earlier = journals.map(({ plan }): RevisionSource => ({
    what: `the restore ${plan.id}`,
    revision: plan.revision,
    kind: 'exact',
  }));
  return [...known.old.revisions, ...neighbours, ...earlier];
}

interface Decisions {
  readonly etcdVersion: string | undefined;
  readonly bump: BumpDecision;
}

async function checkAll(
  facts: HostRestoreFacts,
  request: RestoreHostRequest,
  { etcdVersion, bump }: Decisions,
  surroundings: RestoreSurroundings,
): Promise<readonly Finding[]> {
  const { verification, known, archive, found } = facts;
  const { manifest } = found.backup;
  const { host, member, dataDir } = known;
  const { snapshot } = verification;
  const findings: Finding[] = [
    ...verification.findings,
    ...known.findings.filter(({ severity }) => severity !== 'note'),
  ];
  if (snapshot?.walk === undefined) return findings;
  findings.push(...checkIdentity(manifest, snapshot, known));
  const versions = backupVersions(facts);
  findings.push(...checkVersions(snapshot.path, versions, await hostVersions(facts)));
  findings.push(...checkUpdate(snapshot.path, versions.openshift, factsOf(facts)?.openshift?.updatingTo));
  findings.push(...checkReadable(snapshot.path, { member, etcdVersion, bump: bump.bump }));
  findings.push(...(await checkOtherMembers(manifest, known, surroundings.signal)));
  const disk = (await placeOnHost(host.hostRoot, posix.join(dataDir, 'x'))).diskPath;
  findings.push(...(await checkRoom([roomForData(posix.dirname(disk), dataDir, snapshot.size)])));
  if (archive === undefined) {
    findings.push(...(await checkHostKeys(host, snapshot, surroundings)));
    if (!request.snapshotOnly) findings.push(noResources(found.backup));
  } else {
    findings.push(
      ...checkArchiveFits(manifest, known),
      ...checkCertificates(archive.facts.soonestExpiry, surroundings.clock.now()),
    );
  }
  if (bump.guessed) {
    findings.push(
      finding('warning', 'RECOVERY_BUMP_GUESSED', snapshot.path, `the revision is raised by a guess: ${bump.reason}`),
    );
  }
  return findings;
}

function noResources({ id, folder }: Backup): Finding {
  const message = `${id} holds no static pod resources: only the data is restored, and this host's own resources stay`;
  return finding(
    'warning',
    'RECOVERY_NO_RESOURCES',
    folder,
    message,
    'If they lie elsewhere, give their folder by --resources-dir.',
  );
}

function factsOf({ verification }: Pick<HostRestoreFacts, 'verification'>): ClusterFacts | undefined {
  const census = verification.snapshot?.census;
  return census && clusterFacts(census);
}

function backupVersions({ found, verification, archive }: HostRestoreFacts): Parameters<typeof checkVersions>[1] {
  const { cluster } = found.backup.manifest ?? {};
  const facts = factsOf({ verification });
  return {
    kubernetes: cluster?.kubernetesVersion ?? facts?.kubernetesVersion,
    openshift: cluster?.openshiftVersion ?? facts?.openshiftVersion ?? archive?.facts.openshiftVersion,
  };
}

/** OpenShift's images are named by digest; the API server's pod brings the release along in a ConfigMap. */
async function hostVersions({ known }: HostRestoreFacts): Promise<Parameters<typeof checkVersions>[2]> {
  const { host, old } = known;
  const folder = host.staticPods.find(({ name }) => name === 'kube-apiserver')?.resourceDir;
  const file = folder && (await readHostText(host.hostRoot, `${folder}/configmaps/kube-apiserver-pod/version`))?.trim();
  const openshift =
    host.layout === 'openshift' ? (old.openshiftVersion ?? (file === '' ? undefined : file)) : undefined;
  return { kubernetes: host.kubernetesVersion, openshift };
}

async function planSteps(
  facts: HostRestoreFacts,
  request: RestoreHostRequest,
  { id, bump, etcdVersion }: Decisions & { readonly id: string },
  { clock, tool }: RestoreSurroundings,
): Promise<Plan> {
  const { known, archive, found, verification } = facts;
  const { host, member } = known;
  const places = new Places(host.hostRoot, id);
  const resources = await planResources(host, archive?.facts, places);
  const snapshot = verification.snapshot?.path ?? '';
  const name = member.name ?? '';
  const data = await planDataPlaces(known, places);
  const build = buildStep(data, { snapshot, onHost: false, id, name, peerUrls: member.peerUrls, etcdVersion, bump });
  const stage = archive && stageStep(archive.path, resources);
  return {
    id,
    verb: 'host',
    created: clock.now(),
    tool,
    layout: host.layout,
    nodeName: host.nodeName,
    memberName: name,
    source: found.backup.id,
    snapshot,
    revision: bump.revision,
    otherMembers: [...otherMembers(found.backup.manifest, known)],
    openshiftVersion: backupVersions(facts).openshift,
    steps: [
      build,
      ...(stage === undefined ? [] : [stage]),
      ...stopSteps(resources),
      stoppedStep({ known, pods: podsOf(resources) }),
      ...saveDataSteps(data),
      ...fillDataSteps(data),
      ...unitSteps(resources),
      ...startAgain(known, resources, bump.revision, request.waitApiServer),
    ],
  };
}

/** etcd first; the others only when it serves, so that none of them meets the old data or none. */
export function startAgain(
  known: KnownHost,
  resources: ResourcePlan,
  revision: bigint,
  waitForApiServer: boolean,
): readonly Step[] {
  const etcd = resources.manifests.filter(({ pod }) => pod === 'etcd');
  const others = resources.manifests.filter(({ pod }) => pod !== 'etcd');
  return [
    barrierStep({ known, pods: podsOf(resources) }),
    ...etcd.map(startStep),
    etcdStep(known, revision),
    ...others.map(startStep),
    ...apiServerSteps(known, waitForApiServer && others.length > 0),
  ];
}

export function podsOf({
  manifests,
}: Pick<ResourcePlan, 'manifests'>): readonly (
  'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler'
)[] {
  return manifests.map(({ pod }) => pod);
}
