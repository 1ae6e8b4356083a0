import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import * as z from 'zod';
import { resources, type KubeClient } from '../../src/apiserver/index.ts';
import { backups, BACKUP_NAMESPACE, type Backup } from '../../src/crd/index.ts';

/** How many megabytes stand for a gigabyte in these tests: the command of a pod is told so much less. */
export const BYTES_OF_A_GIGABYTE = 160 * 1024;

const manifestSchema = z.looseObject({
  created: z.string(),
  resource: z.looseObject({ name: z.string(), series: z.string().optional() }),
  snapshot: z.looseObject({ file: z.string(), sha256: z.string() }),
  resources: z.looseObject({ file: z.string() }).optional(),
});

/** A backup as it lies in a volume. */
export interface StoredBackup {
  /** The EtcdBackup that it was taken for. */
  readonly name: string;
  readonly series: string | undefined;
  readonly folder: string;
  readonly created: string;
  readonly snapshotFile: string;
  readonly snapshotBytes: number;
  /** Of all its files. */
  readonly bytes: number;
  /** Its snapshot has the hash that it had when it was taken. */
  readonly isWhole: boolean;
}

/** Reads a volume without any code of ours. Whatever lies there beside whole folders of backups makes it throw. */
export async function readVolume(folder: string): Promise<readonly StoredBackup[]> {
  const names = (await readdir(folder)).filter((name) => name !== '.holdfast.lock').sort();
  return Promise.all(names.map((name) => readBackup(join(folder, name))));
}

async function readBackup(folder: string): Promise<StoredBackup> {
  const files = await readdir(folder);
  const manifestName = files.find((name) => /^backup_.*\.json$/.test(name));
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(folder, manifestName ?? 'none'), 'utf8')));
  const named = [manifestName, manifest.snapshot.file, manifest.resources?.file].filter((name) => name !== undefined);
  expect(files.sort(), folder).toEqual(named.sort());
  const snapshot = await readFile(join(folder, manifest.snapshot.file));
  const sizes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).size));
  return {
    ...manifest.resource,
    series: manifest.resource.series,
    folder,
    created: manifest.created,
    snapshotFile: manifest.snapshot.file,
    snapshotBytes: snapshot.length,
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    isWhole: createHash('sha256').update(snapshot).digest('hex') === manifest.snapshot.sha256,
  };
}

/** The folder of a claim's volume. */
export async function volumeFolder(client: KubeClient, claim: string): Promise<string> {
  const { spec } = await client.get(resources.persistentVolumeClaims, { name: claim, namespace: BACKUP_NAMESPACE });
  const volume = await client.get(resources.persistentVolumes, { name: spec.volumeName ?? '' });
  const path = volume.spec.local?.path ?? volume.spec.hostPath?.path;
  if (path === undefined) throw new Error(`the claim ${claim} has no folder`);
  return path;
}

export type Keep = { readonly number: number } | { readonly gigabytes: number };

interface Taken {
  readonly name: string;
  bytes: number;
  /** Cut short by the test. */
  isDamaged: boolean;
}

/** What has to stand of a series, worked out from its runs alone. */
export class SeriesModel {
  readonly series: string;
  readonly keep: Keep;
  /** Oldest first. */
  standing: Taken[] = [];
  /** The name of the last run that succeeded. */
  last: string | undefined;
  failures = 0;

  constructor(series: string, keep: Keep) {
    this.series = series;
    this.keep = keep;
  }

  get good(): readonly Taken[] {
    return this.standing.filter(({ isDamaged }) => !isDamaged);
  }

  get bytes(): number {
    return this.standing.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** A run has succeeded, and its backup has so many bytes. */
  succeed(name: string, bytes: number): void {
    this.last = name;
    this.failures = 0;
    this.standing.push({ name, bytes, isDamaged: false });
    const kept = this.#keptGood();
    const oldest = this.standing.findIndex((each) => kept.has(each));
    const isFull = !('number' in this.keep) || kept.size === this.keep.number;
    let room = 'number' in this.keep ? Infinity : this.keep.gigabytes * BYTES_OF_A_GIGABYTE;
    for (const each of kept) room -= each.bytes;
    const damaged = new Set<Taken>();
    for (const [index, each] of [...this.standing.entries()].reverse()) {
      if (!each.isDamaged || (isFull && index < oldest)) continue;
      if (each.bytes > room) break;
      room -= each.bytes;
      damaged.add(each);
    }
    this.standing = this.standing.filter((each) => kept.has(each) || damaged.has(each));
  }

  /** The newest good ones, as many as may stand; the newest of all in any case. */
  #keptGood(): Set<Taken> {
    const kept = new Set<Taken>();
    let bytes = 0;
    for (const each of this.good.toReversed()) {
      bytes += each.bytes;
      const fits =
        'number' in this.keep
          ? kept.size < this.keep.number
          : bytes <= this.keep.gigabytes * BYTES_OF_A_GIGABYTE || kept.size === 0;
      if (!fits) break;
      kept.add(each);
    }
    return kept;
  }
}

/** Holds a volume against what has to stand in it of several series. */
export async function checkVolume(folder: string, models: readonly SeriesModel[]): Promise<void> {
  const stored = await readVolume(folder);
  for (const model of models) {
    const mine = stored.filter(({ series }) => series === model.series);
    const names = model.standing.map(({ name }) => name);
    expect(mine.map(({ name }) => name).sort(), `the backups of ${model.series}`).toEqual(names.toSorted());
    for (const { name, isWhole, bytes } of mine) {
      const taken = model.standing.find((each) => each.name === name);
      expect(isWhole, name).toBe(taken?.isDamaged === false);
      expect(bytes, name).toBe(taken?.bytes);
    }
    if (model.last !== undefined) expect(mine.filter(({ isWhole }) => isWhole)).not.toEqual([]);
  }
  expect(stored.filter(({ series }) => !models.some((model) => model.series === series))).toEqual([]);
}

/** What a series' resource has to say after its last run. */
export function checkStatus({ metadata, status = {} }: Backup, model: SeriesModel, next: Date | undefined): void {
  const condition = (type: string): string | undefined => status.conditions?.find((each) => each.type === type)?.status;
  const { name } = metadata;
  expect(status.nextRunTime, `the next run of ${name}`).toBe(next?.toISOString().replace('.000', ''));
  expect(status.consecutiveFailures ?? 0, name).toBe(model.failures);
  expect(condition('Scheduled'), name).toBe('True');
  expect(condition('ScheduleMissed'), name).toBe('False');
  expect(status.lastSuccess?.etcdBackup, name).toBe(model.last);
  if (model.failures > 0) expect(condition('LastRunSucceeded'), name).toBe('False');
  else if (model.last !== undefined) expect(condition('LastRunSucceeded'), name).toBe('True');
}

/** A recurring backup, and what has to stand of it. */
export async function createSeries(
  client: KubeClient,
  plan: { readonly series: string; readonly schedule: string; readonly timeZone: string },
  { claim, keep }: { readonly claim: string; readonly keep: Keep },
): Promise<SeriesModel> {
  const { series, schedule, timeZone } = plan;
  const retentionPolicy =
    'number' in keep
      ? { retentionType: 'RetentionNumber', retentionNumber: { maxNumberOfBackups: keep.number } }
      : { retentionType: 'RetentionSize', retentionSize: { maxSizeOfBackupsGb: keep.gigabytes } };
  await client.create(backups, {
    apiVersion: 'config.openshift.io/v1alpha1',
    kind: 'Backup',
    metadata: { name: series },
    spec: { etcd: { schedule, timeZone, pvcName: claim, retentionPolicy } },
  });
  return new SeriesModel(series, keep);
}

export async function createClaim(client: KubeClient, name: string): Promise<void> {
  await client.create(resources.persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: BACKUP_NAMESPACE },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
}

/** Turns the gigabytes of a pod's command into {@link BYTES_OF_A_GIGABYTE}. */
export function inSmallGigabytes(args: readonly string[]): readonly string[] {
  const at = args.indexOf('--retain-size-gb');
  if (at === -1) return args;
  return args.with(at + 1, ((Number(args[at + 1]) * BYTES_OF_A_GIGABYTE) / 2 ** 30).toFixed(12));
}
