// @ts-check
// Measures Holdfast against etcd's own tools on this machine. docs/performance.md tells what and how.
//
//   node bench/run.mjs                       everything, five runs each; prints the tables
//   node bench/run.mjs --write               the same, and puts the tables into docs/performance.md
//   node bench/run.mjs --only backup,status  some of: backup, status, writes, restore, start, list, requested, api, engine-start, idle, load
//   node bench/run.mjs --runs 3              fewer runs
//   node bench/run.mjs --only api --kubeconfig <file>   another API server beside the engine's, such as kube-apiserver
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { CACHE, PROJECT } from '../scripts/provide/cache.mjs';
import { provideTested } from '../scripts/provide/etcd.mjs';
import { Failure, reportFailure, say } from '../scripts/provide/failure.mjs';
import { run } from '../scripts/provide/run.mjs';

const FOLDER = join(CACHE, 'bench');
const PROGRAM = join(FOLDER, 'program');
const BUNDLE = join(FOLDER, 'bench.js');

/** Builds what is measured and what measures. */
async function buildBoth() {
  const built = await run(process.execPath, ['scripts/build.mjs', '--outdir', PROGRAM], { cwd: PROJECT });
  if (built.code !== 0) throw new Failure(`the build failed:\n${built.output.trim()}`, 'Run node scripts/build.mjs.');
  await build({
    absWorkingDir: PROJECT,
    entryPoints: { bench: 'bench/main.ts', 'load-api': 'bench/load-api.ts' },
    outdir: FOLDER,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  });
}

/** @param {string} releases @returns {Promise<number>} */
function measure(releases) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [BUNDLE, ...process.argv.slice(2)], {
      cwd: PROJECT,
      stdio: 'inherit',
      env: {
        ...process.env,
        HOLDFAST_ETCD_RELEASES: releases,
        HOLDFAST_BENCH_FOLDER: FOLDER,
        HOLDFAST_BENCH_PROGRAM: join(PROGRAM, 'holdfast.js'),
      },
    });
    // Ctrl-C reaches the measuring process too; this one waits for its end.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

try {
  const releases = await provideTested();
  say('building');
  await buildBoth();
  process.exitCode = await measure(JSON.stringify(releases));
} catch (error) {
  reportFailure(error);
}
