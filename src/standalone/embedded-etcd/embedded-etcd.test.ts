import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts';
import { silentLog, systemTime } from '../../base/index.ts';
import { startEmbeddedEtcd } from './embedded-etcd.ts';

const signal = new AbortController().signal;

// Whether it has ended before anybody listens is a matter of luck, so it is tried several times.
it('tells of a program that ends at once, however fast it does', { timeout: 30_000 }, async () => {
  const folder = await temporaryFolder();
  for (const binary of Array<string>(4).fill('/bin/false'))
    await expect(
      startEmbeddedEtcd({ folder, binary, path: undefined, time: systemTime, log: silentLog, signal }),
    ).rejects.toMatchObject({ code: 'STANDALONE_ETCD', message: expect.stringContaining('it ended with 1') as string });
});

it('asks for the port of the start before, since Jobs name it', { timeout: 30_000 }, async () => {
  const folder = await temporaryFolder();
  const start = async (): Promise<string> => {
    const options = { folder, binary: '/bin/false', path: undefined, time: systemTime, log: silentLog, signal };
    await startEmbeddedEtcd(options).catch(() => undefined);
    return readFile(join(folder, 'port'), 'utf8');
  };
  expect(await start()).toBe(await start());
});
