import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { inMemory } from '../../src/base/index.ts';
import { inspectSnapshot } from '../../src/snapshot/index.ts';
import { newestRelease, SeededRandom, temporaryFolder, tryJudge } from '../kit/index.ts';

const PAGE = 4096;
/** etcd's own check takes a while for each; the same seed gives the same places. */
const PLACES = 120;

/** The snapshot without its SHA-256, so that nothing but the structure can tell. */
const raw = gunzipSync(readFileSync(new URL('../vectors/snapshot/after.db.gz', import.meta.url))).subarray(0, -32);

test("what etcd's own check finds in a damaged database, ours finds too", async () => {
  const random = new SeededRandom(22);
  const file = join(await temporaryFolder(), 'damaged.db');
  let theirs = 0;
  for (let count = 0; count < PLACES; count++) {
    const damaged = Buffer.from(raw);
    const page = random.below(raw.length / PAGE);
    // Half of the flips hit a page's header and first elements, where they do most harm.
    const at = random.below(2) === 0 ? page * PAGE + random.below(64) : random.below(raw.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
    await writeFile(file, damaged);
    const { code } = await tryJudge(newestRelease(), 'snapshot', 'status', file);
    if (code === 0) continue;
    theirs++;
    const { findings } = inspectSnapshot(inMemory(damaged));
    expect(
      findings.some(({ severity }) => severity === 'error'),
      `byte ${at}`,
    ).toBe(true);
  }
  expect(theirs).toBeGreaterThan(PLACES / 6);
});
