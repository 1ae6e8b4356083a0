import { lchown, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PART_SUFFIX } from '../../../base/index.ts';
import { writeFailed } from '../../../host/index.ts';
import type { ActionOf } from '../step.ts';
import { onDisk, type ActionContext } from './context.ts';
import { exists } from './exists.ts';

/**
 * Makes the new data directory beside the old. It appears by a rename, so one that is there is whole; what a killed run left
 * under its `.part` name is ours and goes first.
 */
export async function buildData(action: ActionOf<'build-data'>, context: ActionContext): Promise<void> {
  const target = onDisk(context, action.target);
  const walTarget = action.walTarget === undefined ? undefined : onDisk(context, action.walTarget);
  if (!(await exists(target))) {
    for (const path of [target, walTarget]) await removePart(path, action.id);
    // The log's folder is renamed first: alone, it belongs to a run that died between the two.
    if (walTarget !== undefined) await removeTree(walTarget);
    await build(action, { target, walTarget }, context);
  }
  if (action.owner === undefined) return;
  for (const path of [target, walTarget]) if (path !== undefined) await giveTo(action.owner, path);
}

async function build(
  action: ActionOf<'build-data'>,
  { target, walTarget }: { readonly target: string; readonly walTarget: string | undefined },
  context: ActionContext,
): Promise<void> {
  const { name, peerUrls, bump } = action;
  const { restoreMember, progress, signal } = context.surroundings;
  await restoreMember({
    snapshotPath: action.onHost ? onDisk(context, action.snapshot) : action.snapshot,
    dataDir: target,
    walDir: walTarget,
    id: action.id,
    name,
    initialCluster: peerUrls.map((url) => `${name}=${url}`).join(','),
    initialClusterToken: action.token,
    initialAdvertisePeerUrls: peerUrls.join(','),
    etcdVersion: action.etcdVersion,
    bumpRevision: bump,
    progress,
    signal,
  });
}

/** Removes what was built, unless etcd has run with it: then clients may have written to it, and it is kept. */
export async function unbuildData(action: ActionOf<'build-data'>, context: ActionContext): Promise<void> {
  for (const path of [action.target, action.walTarget]) {
    if (path === undefined) continue;
    await removePart(onDisk(context, path), action.id);
    if (!context.started) await removeTree(onDisk(context, path));
  }
}

async function removePart(path: string | undefined, id: string): Promise<void> {
  if (path !== undefined) await removeTree(`${path}.holdfast-${id}${PART_SUFFIX}`);
}

async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    throw writeFailed(path, error);
  }
}

/** etcd may run as a user of its own (kubeadm's RootlessControlPlane). */
async function giveTo(owner: { readonly uid: number; readonly gid: number }, path: string): Promise<void> {
  try {
    for (const entry of await readdir(path, { recursive: true })) await lchown(join(path, entry), owner.uid, owner.gid);
    await lchown(path, owner.uid, owner.gid);
  } catch (error) {
    throw writeFailed(path, error);
  }
}
