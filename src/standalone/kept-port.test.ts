import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/temporary-folder.ts';
import { KeptPort } from './kept-port.ts';

it('knows the port that was written last', async () => {
  const path = join(await temporaryFolder(), 'port');
  expect(await new KeptPort(path).read()).toBeUndefined();
  await new KeptPort(path).write(40_001);
  await new KeptPort(path).write(40_002);
  expect(await new KeptPort(path).read()).toBe(40_002);
});

it.each(['', 'x', '0', '-1', '65536', '1.5'])('takes %j for no port', async (text) => {
  const path = join(await temporaryFolder(), 'port');
  await writeFile(path, text);
  expect(await new KeptPort(path).read()).toBeUndefined();
});
