// @ts-check
// Bundles the program: as a folder of scripts for a fast start, or as the two scripts of a single-file executable.
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { PROJECT } from '../provide/cache.mjs';

/** @type {{ version: string }} */
export const { version: VERSION } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8'));

/** What the threads run; bin.ts looks for it by this name. */
export const WORKER = 'inspect-worker.js';
const WORKER_SOURCE = 'src/operations/inspect/inspect-worker.ts';

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

/** @satisfies {import('esbuild').BuildOptions} */
const SHARED = {
  absWorkingDir: PROJECT,
  bundle: true,
  platform: /** @type {const} */ ('node'),
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  define: { HOLDFAST_VERSION: JSON.stringify(VERSION) },
  // The processor's own CRC instruction comes as a native module; without it the portable tables serve.
  external: ['@node-rs/crc32'],
  plugins: [withoutSideEffects],
  metafile: /** @type {const} */ (true),
  logLevel: /** @type {const} */ ('warning'),
};

/**
 * One entry a program, shared and lazily loaded code in chunks beside it.
 *
 * @param {string} folder made anew
 * @param {Readonly<Record<string, string>>} [entries] what comes out: where it starts
 * @returns {Promise<readonly string[]>} the folders of node_modules whose code is in it
 */
export async function bundleFolder(folder, entries = { holdfast: 'src/bin.ts' }) {
  await rm(folder, { recursive: true, force: true });
  /** @satisfies {import('esbuild').BuildOptions} */
  const options = {
    ...SHARED,
    outdir: folder,
    format: /** @type {const} */ ('esm'),
    legalComments: /** @type {const} */ ('linked'),
    // Some dependencies are CommonJS and call require().
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
  };
  const main = await build({
    ...options,
    entryPoints: { ...entries },
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
  });
  // Apart from the rest: a thread that reads one small file starts in half the time.
  const worker = await build({ ...options, entryPoints: { [WORKER.replace(/\.js$/, '')]: WORKER_SOURCE } });
  await chmod(join(folder, 'holdfast.js'), 0o755);
  return packagesOf(main.metafile, worker.metafile);
}

/**
 * Everything in two scripts: `main.cjs`, since the main script of a single-file executable is CommonJS, and the worker.
 *
 * @param {string} folder made anew
 * @returns {Promise<readonly string[]>} the folders of node_modules whose code is in them
 */
export async function bundleSingle(folder) {
  await rm(folder, { recursive: true, force: true });
  // Nothing outside of the executable may become part of it, wherever it lies: no module is ever looked for beside it.
  const define = { ...SHARED.define, 'import.meta.url': 'undefined' };
  const options = { ...SHARED, define, legalComments: /** @type {const} */ ('none') };
  const [main, worker] = await Promise.all([
    build({ ...options, format: 'cjs', entryPoints: ['src/bin.ts'], outfile: join(folder, 'main.cjs') }),
    build({ ...options, format: 'esm', entryPoints: [WORKER_SOURCE], outfile: join(folder, WORKER) }),
  ]);
  return packagesOf(main.metafile, worker.metafile);
}

/** @param {readonly import('esbuild').Metafile[]} metafiles @returns {readonly string[]} sorted */
function packagesOf(...metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs)),
  );
  const folders = inputs.map((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}
