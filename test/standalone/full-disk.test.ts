import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  ApiServerError,
  resources,
  type KubeClient,
  type Namespace,
  type NewObject,
} from '../../src/apiserver/index.ts';
import { etcdBackups, outcomeOf, type EtcdBackup } from '../../src/crd/index.ts';
import { smallDisk, succeed, temporaryFolder, waitFor } from '../kit/index.ts';
import { etcdBackup, untilDecided } from '../kit/running-standalone.ts';
import { beginCluster, beginStandalone } from './begun.ts';
import { standingBackups } from './proven-backups.ts';

const KIBIBYTE = 1024;

/** A file that takes all the room that is left. */
async function fillDisk(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const bytes of [256 * KIBIBYTE, 4 * KIBIBYTE, 1])
      for (let isFull = false; !isFull;) {
        isFull = await file.write(Buffer.alloc(bytes)).then(
          () => false,
          () => true,
        );
      }
  } finally {
    await file.close();
  }
}

function namespace(name: string): NewObject<Namespace> {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

async function eventsOf(client: KubeClient, { metadata }: EtcdBackup): Promise<readonly string[]> {
  const { items } = await client.list(resources.events, { namespace: 'default' });
  return items
    .filter(({ involvedObject }) => involvedObject.uid === metadata.uid)
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

describe('a full disk', () => {
  it('below the data: writes are refused and say why, and all goes on once there is room', async () => {
    const { endpoints } = await beginCluster();
    const standalone = await beginStandalone(await temporaryFolder(), '--endpoints', endpoints[0] ?? '');
    const { client, pid } = standalone;
    await client.create(resources.namespaces, namespace('before'));
    // No file of the engine may grow from here on.
    await succeed(['prlimit', '--pid', String(pid), '--fsize=1:']);
    const refusal: unknown = await client
      .create(resources.namespaces, namespace('refused'))
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ApiServerError);
    expect(String(refusal)).toContain('no room to write');
    const names = async (): Promise<readonly string[]> =>
      (await standalone.client.list(resources.namespaces)).items.map(({ metadata }) => metadata.name);
    expect(await names()).toContain('before');
    expect(await names()).not.toContain('refused');

    await succeed(['prlimit', '--pid', String(pid), '--fsize=unlimited:']);
    await client.create(etcdBackups, etcdBackup('after'));
    expect(outcomeOf(await untilDecided(client, 'after'))).toBe('BackupCompleted');
    expect(await standalone.stop()).toBe(0);
    await standalone.start();
    expect(await names()).toContain('before');
    expect(outcomeOf(await untilDecided(standalone.client, 'after'))).toBe('BackupCompleted');
  });

  it('below the backups: the backup fails and says why, and earlier ones stand', async () => {
    const disk = await smallDisk({ bytes: 64 * KIBIBYTE * KIBIBYTE });
    if (disk.limits !== 'disk') return;
    const { endpoints } = await beginCluster();
    const volume = join(disk.folder, 'backups');
    const where = ['--endpoints', endpoints[0] ?? '', '--default-folder', volume];
    const { client } = await beginStandalone(await temporaryFolder(), ...where);
    await client.create(etcdBackups, etcdBackup('before'));
    expect(outcomeOf(await untilDecided(client, 'before'))).toBe('BackupCompleted');
    const filler = join(disk.folder, 'filler');
    await fillDisk(filler);
    await client.create(etcdBackups, etcdBackup('full'));
    const failed = await untilDecided(client, 'full', 120_000);
    expect(outcomeOf(failed)).toBe('BackupFailed');
    expect(failed.status?.failure).toMatchObject({ message: expect.stringMatching(/room|space/i) as string });
    await waitFor(async () =>
      (await eventsOf(client, failed)).some((each) => /^Warning BackupFailed: .*(room|space)/i.test(each)),
    );
    expect(await standingBackups(volume)).toHaveLength(1);

    await rm(filler);
    await client.create(etcdBackups, etcdBackup('after'));
    expect(outcomeOf(await untilDecided(client, 'after'))).toBe('BackupCompleted');
    expect(await standingBackups(volume)).toHaveLength(2);
  });
});
