import { posix } from 'node:path';
import { lstat } from 'node:fs/promises';
import { hasErrors, type Finding } from '../../base/index.ts';
import { placeOnHost } from '../../host/index.ts';
import { storageError } from '../../store/index.ts';
import { decideBump, type BumpDecision, type RevisionSource } from './bump-revision.ts';
import { checkOtherMembers, otherMembers } from './checks/other-members.ts';
import { checkRoom, roomForData } from './checks/room.ts';
import type { RestoreSurroundings } from './contracts.ts';
import { applyOverrides, finding, refused } from './errors.ts';
import type { JournalFacts } from './journal.ts';
import type { Plan } from './journal-schema.ts';
import { describeForRestore, learnHost, type KnownHost } from './learn-host.ts';
import { Places } from './places.ts';
import { buildStep, fillDataSteps, planDataPlaces, saveDataSteps } from './plan-data.ts';
import { planResources, stopSteps } from './plan-resources.ts';
import { stoppedStep } from './plan-waits.ts';
import { etcdUnknown, newId, podsOf, startAgain, type PreparedRestore } from './prepare-host.ts';
import type { RestoreOnHostRequest } from './requests.ts';
import type { Step } from './step.ts';

/**
 * Plans to make this host's member the only one of a new cluster, from its own database. What is written down in
 * {@link checkWal} decides, once etcd has stopped, whether the database has everything that the member had.
 *
 * @throws RecoveryError RECOVERY_REFUSED with every finding, HostError, StoreError
 */
export async function prepareQuorumRestore(
  request: RestoreOnHostRequest,
  journals: readonly JournalFacts[],
  surroundings: RestoreSurroundings,
): Promise<PreparedRestore> {
  const host = await describeForRestore(request, surroundings.signal);
  const known = await learnHost(host, undefined, surroundings);
  if (known?.member.name === undefined || known.member.peerUrls.length === 0) throw refused([etcdUnknown(host.layout)]);
  const database = `${known.dataDir}/member/snap/db`;
  const { diskPath } = await placeOnHost(host.hostRoot, database);
  const size = await sizeOf(diskPath);
  const data = known.old.revisions.find(({ kind }) => kind === 'exact')?.revision;
  const findings = applyOverrides(
    await checkAll(known, { database, size, hasRevision: data !== undefined }, surroundings),
    request.overrides,
  );
  if (hasErrors(findings) || data === undefined) throw refused(findings);
  const earlier = journals.map(({ plan }): RevisionSource => ({
    what: `the restore ${plan.id}`,
    revision: plan.revision,
    kind: 'exact',
  }));
  const bump = decideBump(data, [...known.old.revisions, ...earlier]);
  return { plan: await planSteps(known, { database, bump }, request, surroundings), findings, bump };
}

async function planSteps(
  known: KnownHost,
  { database, bump }: { readonly database: string; readonly bump: BumpDecision },
  request: RestoreOnHostRequest,
  { clock, tool }: RestoreSurroundings,
): Promise<Plan> {
  const { host, member, old, dataDir } = known;
  const { peerUrls, walDir, name = '' } = member;
  const id = newId(clock.now());
  const places = new Places(host.hostRoot, id);
  const resources = await planResources(host, undefined, places);
  const data = await planDataPlaces(known, places);
  const etcdVersion = old.etcdVersion ?? member.version;
  const checkWal: Step = {
    id: 'check-wal',
    text: `check that ${database} is whole and has every write that its log knows to be committed`,
    action: { kind: 'check-wal', dataDir, walDir, allowTail: request.overrides.has('RECOVERY_WAL_TAIL') },
  };
  return {
    id,
    verb: 'quorum',
    created: clock.now(),
    tool,
    layout: host.layout,
    nodeName: host.nodeName,
    memberName: name,
    source: dataDir,
    snapshot: database,
    revision: bump.revision,
    otherMembers: [...otherMembers(undefined, known)],
    openshiftVersion: old.openshiftVersion,
    steps: [
      ...stopSteps(resources),
      stoppedStep({ known, pods: podsOf(resources) }),
      checkWal,
      buildStep(data, { snapshot: database, onHost: true, id, name, peerUrls, etcdVersion, bump }),
      ...saveDataSteps(data),
      ...fillDataSteps(data),
      ...startAgain(known, resources, bump.revision, request.waitApiServer),
    ],
  };
}

interface DataFacts {
  readonly database: string;
  readonly size: number;
  readonly hasRevision: boolean;
}

async function checkAll(
  known: KnownHost,
  { database, size, hasRevision }: DataFacts,
  surroundings: RestoreSurroundings,
): Promise<readonly Finding[]> {
  const { host, dataDir } = known;
  const findings: Finding[] = [...known.findings.filter(({ severity }) => severity !== 'note')];
  findings.push(...(await checkOtherMembers(undefined, known, surroundings.signal)));
  const disk = (await placeOnHost(host.hostRoot, posix.join(dataDir, 'x'))).diskPath;
  findings.push(...(await checkRoom([roomForData(posix.dirname(disk), dataDir, size)])));
  if (!hasRevision) {
    const message = `${database} is no database that can be read`;
    findings.push(
      finding('error', 'RECOVERY_DATA_DAMAGED', database, message, 'Restore a backup: holdfast restore host <backup>.'),
    );
  }
  return findings;
}

async function sizeOf(diskPath: string): Promise<number> {
  try {
    return (await lstat(diskPath)).size;
  } catch (error) {
    throw storageError(error, diskPath);
  }
}
