import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { resources } from '../../src/apiserver/index.ts';
import { BACKUP_NAMESPACE, etcdBackups, outcomeOf } from '../../src/crd/index.ts';
import { temporaryFolder, waitFor } from '../kit/index.ts';
import { etcdBackup, untilDecided } from '../kit/running-standalone.ts';
import { beginCluster, beginStandalone } from './begun.ts';

/** What the engine knows goes back in time, as a cluster's etcd does by a restore; volumes and processes do not. */
it('an older copy of its objects is put back: what was at work then is found done, and taken no second time', async () => {
  const folder = await temporaryFolder();
  const etcd = await beginCluster();
  const standalone = await beginStandalone(folder, '--endpoints', etcd.endpoints[0] ?? '');
  const take = async (name: string): Promise<string | undefined> => {
    await standalone.client.create(etcdBackups, etcdBackup(name));
    return (await untilDecided(standalone.client, name)).status?.backup?.folder;
  };
  const log = join(folder, 'data', 'objects', 'objects.log');
  const first = await take('first');

  etcd.members[0]?.pause();
  const point = take('point');
  await waitFor(async () => {
    const { items } = await standalone.client.list(resources.pods, { namespace: BACKUP_NAMESPACE });
    return items.some(({ metadata, status }) => metadata.name.includes('point') && status?.phase === 'Running');
  });
  await copyFile(log, join(folder, 'copy'));
  etcd.members[0]?.resume();
  const folders = [first, await point, await take('later')];
  await standalone.client.delete(etcdBackups, { name: 'first' });
  await standalone.stop('SIGKILL');
  await copyFile(join(folder, 'copy'), log);
  await standalone.start();

  const found = await untilDecided(standalone.client, 'point');
  expect([outcomeOf(found), found.status?.backup?.folder]).toEqual(['BackupCompleted', folders[1]]);
  expect(outcomeOf(await untilDecided(standalone.client, 'first'))).toBe('BackupCompleted');
  const later = standalone.client.get(etcdBackups, { name: 'later' });
  await expect(later).rejects.toMatchObject({ code: 'APISERVER_NOT_FOUND' });
  const stand = (await readdir(join(folder, 'default'))).filter((name) => name.startsWith('backup-'));
  expect(stand.toSorted()).toEqual(folders.toSorted());
});
