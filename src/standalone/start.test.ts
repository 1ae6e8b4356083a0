import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { silentLog, systemTime } from '../base/index.ts';
import { startStandalone } from './index.ts';

it('says which folder to name where its own cannot be made', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  const starting = startStandalone({
    dataDir: join(file, 'data'),
    listen: { host: '127.0.0.1', port: 0 },
    kubeconfig: join(file, 'kubeconfig'),
    enableBackups: false,
    program: [],
    variables: {},
    version: '0.0.0',
    time: systemTime,
    log: silentLog,
    random: () => 0.5,
    lock: () => Promise.reject(new Error('nothing is to be locked')),
  });
  await expect(starting).rejects.toMatchObject({
    code: 'STANDALONE_STORE_UNREADABLE',
    message: expect.stringContaining(join(file, 'data')) as string,
    hint: expect.stringContaining('--data-dir') as string,
  });
});
