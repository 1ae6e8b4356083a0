// @ts-check
// Bundles the CLI, and the demonstration where it is there, into dist/.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleFolder } from './package/bundle.mjs';
import { PROJECT } from './provide/cache.mjs';

const { values } = parseArgs({ options: { outdir: { type: 'string', default: join(PROJECT, 'dist') } } });
const demo = existsSync(join(PROJECT, 'demo', 'main.ts')) ? { demo: 'demo/main.ts' } : {};
await bundleFolder(values.outdir, { holdfast: 'src/bin.ts', ...demo });
