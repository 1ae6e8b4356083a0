import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { systemCode } from '../../src/base/errors.ts';
import { ObjectStore, type ObjectKey } from '../../src/standalone/objects/index.ts';
import { acquireLock } from '../../src/store/lock.ts';

/**
 * A program that writes objects until it is killed, and prints each write once it is acknowledged: `put <name> <revision>` or
 * `removed <name> <revision>`. A write that fails prints `failed <code>`, and every object that can still be read, with its revision.
 *
 *   stored-run.mjs <folder> <bytes of an object> <most writes>
 */
async function run([folder = '', bytes = '', most = '']: readonly string[]): Promise<void> {
  const store = await ObjectStore.open({
    folder: join(folder, 'objects'),
    log: silentLog,
    lock: (path) => acquireLock(path, { purpose: 'test', clock: systemClock }),
    compactAboveBytes: 100_000,
  });
  const filler = 'x'.repeat(Number(bytes));
  say(`open ${store.revision.toString()}`);
  const write = async (n: number): Promise<void> => {
    const key: ObjectKey = { resource: 'things', namespace: '', name: `t${n % 23}` };
    const isRemoval = n % 7 === 0 && store.get(key) !== undefined;
    const object = isRemoval ? null : { metadata: { name: key.name }, n, filler };
    const [change] = await store.commit(() => ({ writes: [{ key, object }], result: (changes) => changes }));
    say(`${isRemoval ? 'removed' : 'put'} ${key.name} ${change?.revision.toString() ?? ''}`);
  };
  try {
    // Several at a time, so that they share a flush.
    for (let n = 1; n <= Number(most); n += 4) await Promise.all([n, n + 1, n + 2, n + 3].map(write));
  } catch (error) {
    const objects = store.list('things').map(({ key, revision }) => `${key.name}=${revision.toString()}`);
    say(`failed ${systemCode(error) ?? 'unknown'} ${objects.join(',')}`);
  }
  await store.close();
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await run(process.argv.slice(2));
