// Bundles the CLI for a fast start: one entry a program, shared and lazily loaded code in chunks beside it.
import { existsSync } from 'node:fs';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { outdir: { type: 'string', default: `${root}/dist` } } });
const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8'));

/** @type {Record<string, string>} what comes out: where it starts */
const entries = { holdfast: 'src/bin.ts' };
if (existsSync(`${root}/demo/main.ts`)) entries['demo'] = 'demo/main.ts';

/**
 * No module of the project does anything when it is loaded, except the entries: what nothing uses is left out, so that
 * the threads and the short commands do not read the code of the others.
 * @type {import('esbuild').Plugin}
 */
const withoutSideEffects = {
  name: 'without-side-effects',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir, kind }) =>
      kind === 'entry-point' ? undefined : { path: join(resolveDir, path), sideEffects: false },
    );
  },
};

await rm(values.outdir, { recursive: true, force: true });
/** @type {import('esbuild').BuildOptions} */
const options = {
  absWorkingDir: root,
  outdir: values.outdir,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  define: { HOLDFAST_VERSION: JSON.stringify(version) },
  // The processor's own CRC instruction comes as a native module; without it the portable tables serve.
  external: ['@node-rs/crc32'],
  plugins: [withoutSideEffects],
  // Some dependencies are CommonJS and call require().
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  logLevel: 'warning',
};
await build({ ...options, entryPoints: entries, splitting: true, chunkNames: 'chunks/[name]-[hash]' });
// Apart from the rest: a thread that reads one small file starts in half the time.
await build({ ...options, entryPoints: { 'inspect-worker': 'src/operations/inspect/inspect-worker.ts' } });
await chmod(`${values.outdir}/holdfast.js`, 0o755);
