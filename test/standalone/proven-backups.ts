import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { scanRepository } from '../../src/backup/index.ts';
import { etcdBackups, outcomeOf, type EtcdBackup } from '../../src/crd/index.ts';
import { holdfast } from '../kit/index.ts';
import type { RunningStandalone } from '../kit/running-standalone.ts';

/** A finished backup, as it stands in a volume. */
export interface StandingBackup {
  readonly id: string;
  readonly uid: string | undefined;
}

/** The finished backups of a folder. */
export async function standingBackups(folder: string): Promise<readonly StandingBackup[]> {
  const { backups } = await scanRepository(folder, { signal: new AbortController().signal });
  return backups
    .filter(({ state }) => state === 'good' || state === 'dirty')
    .map(({ id, manifest }) => ({ id, uid: manifest?.resource?.uid }));
}

/**
 * Holds what the API says against what stands in the volume: every EtcdBackup is decided; a completed one has a backup
 * that is proven good, at the place that it names; none has two.
 */
export async function proveAll(standalone: RunningStandalone, folder: string): Promise<readonly EtcdBackup[]> {
  const { items } = await standalone.client.list(etcdBackups);
  const standing = await standingBackups(folder);
  const uids = standing.map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  for (const each of items) {
    const backup = standing.find(({ uid }) => uid === each.metadata.uid);
    const outcome = outcomeOf(each);
    expect(outcome).not.toBe('BackupPending');
    if (outcome === 'BackupCompleted') expect(each.status?.backup).toMatchObject({ id: backup?.id });
    if (outcome === 'BackupFailed') expect(each.status?.failure?.message).not.toBe('');
    if (outcome === 'BackupSkipped') expect(backup).toBeUndefined();
  }
  const { code, stdout, stderr } = await holdfast('verify', folder);
  expect([code, stderr], stdout).toEqual([0, '']);
  return items;
}

/** The files of runs that have not finished, anywhere below a folder. */
export async function partFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.part')).map((name) => join(folder, name));
}
