// @ts-check
// Sets everything up and runs every check and test. The last line of standard output says how it went.
//
//   ./check               on this Node
//   ./check --node 24     the tests once more on Node 24 (or 22), fetched into the cache
//   HOLDFAST_NODE=<path>  the tests once more on that Node
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cachedBase } from './package/base.mjs';
import { CACHE, PROJECT } from './provide/cache.mjs';
import { provideTested } from './provide/etcd.mjs';
import { Failure, reportFailure } from './provide/failure.mjs';
import { checkThisNode, provideNode } from './provide/node.mjs';
import { installPackages } from './provide/packages.mjs';
import { run } from './provide/run.mjs';

let passed = 0;
let failed = 0;

/** @param {string} line */
function print(line) {
  process.stdout.write(`${line}\n`);
}

/**
 * Runs one check and reports it in a line; its whole output follows where it fails.
 * @param {string} name @param {readonly string[]} args for Node
 */
async function check(name, args) {
  const before = performance.now();
  const { code, output } = await run(process.execPath, args, { cwd: PROJECT });
  const seconds = ((performance.now() - before) / 1000).toFixed(1);
  print(`${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${seconds.padStart(5)} s`);
  if (code === 0) passed++;
  else failed++;
  if (code !== 0) print(output.trimEnd());
}

/** Runs every test on one Node and counts. @param {string} node @param {string} releases */
async function test(node, releases) {
  const report = join(CACHE, 'check', `${process.pid}-${passed + failed}.json`);
  await mkdir(join(CACHE, 'check'), { recursive: true });
  const version = (await run(node, ['--version'])).stdout.trim();
  print(`\ntests on Node ${version}`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await inherit(node, ['node_modules/vitest/vitest.mjs', 'run', ...reporters], releases);
  const counted = await counts(report);
  passed += counted.passed;
  // A file that does not load, or an error outside of any test, fails no test and still is a failure.
  failed += code === 0 && counted.passed > 0 ? counted.failed : Math.max(counted.failed, 1);
}

/** @param {string} node @param {readonly string[]} args @param {string} releases @returns {Promise<number>} */
function inherit(node, args, releases) {
  return new Promise((resolve) => {
    const child = spawn(node, args, {
      cwd: PROJECT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, HOLDFAST_ETCD_RELEASES: releases },
    });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** @param {string} report */
async function counts(report) {
  try {
    /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number }} */
    const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(await readFile(report, 'utf8'));
    if (numPendingTests > 0) print(`${numPendingTests} tests were skipped`);
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    await rm(report, { force: true });
  }
}

async function main() {
  checkThisNode();
  const { values } = parseArgs({ options: { node: { type: 'string', multiple: true } } });
  await installPackages();
  const releases = JSON.stringify(await provideTested());
  await cachedBase();
  const others = await Promise.all((values.node ?? []).map(provideNode));
  if (process.env['HOLDFAST_NODE']) others.push(process.env['HOLDFAST_NODE']);
  await Promise.all([
    check('types', ['node_modules/typescript/bin/tsc', '--noEmit']),
    check('lint', ['node_modules/eslint/bin/eslint.js', '.']),
    check('imports', ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', 'src']),
    check('format', ['node_modules/prettier/bin/prettier.cjs', '--check', '.']),
    check('build', ['scripts/build.mjs']),
  ]);
  for (const node of [process.execPath, ...others]) await test(node, releases);
  print(`\n${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  reportFailure(error instanceof TypeError ? new Failure(error.message, 'Say ./check or ./check --node 24.') : error);
  print(`\n${passed} passed, ${failed + 1} failed`);
}
