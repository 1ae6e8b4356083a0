// @ts-check
// What is built is tried on a real etcd before it is called built.
import { spawn } from 'node:child_process';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { provideOne } from '../provide/etcd.mjs';
import { Failure } from '../provide/failure.mjs';
import { run } from '../provide/run.mjs';
import { VERSION } from './bundle.mjs';
import { sha256 } from './oci.mjs';
import { inside, wayIn } from './root-folder.mjs';

/** @typedef {(argv: readonly string[]) => Promise<{ code: number, stdout: string, output: string }>} Run */

/**
 * Runs the executable with no environment at all.
 * @param {string} executable
 * @returns {Promise<readonly string[]>} what was found good
 */
export function tryExecutable(executable) {
  return withEtcd(async (endpoint, folder) => {
    const cwd = await emptyFolder(folder, 'executable');
    await useHoldfast({
      run: (argv) => run(executable, argv, { cwd, env: {} }),
      folder: cwd,
      endpoint,
    });
    return ['the executable: backed up, verified and restored, with an empty environment'];
  });
}

/**
 * Unpacks the image with this machine's tar, and runs it.
 * @param {string} archive
 * @returns {Promise<readonly string[]>} what was found good, and what could not be looked at
 */
export function tryImage(archive) {
  return withEtcd(async (endpoint, folder) => {
    const root = join(folder, 'root');
    await unpackImage(archive, await emptyFolder(folder, 'layout'), root);
    const shared = await emptyFolder(folder, 'shared');
    const way = await wayIn(root, shared);
    if (way === undefined)
      return ['the image: unpacked; it was not run, since this machine lets us enter no root folder (that takes root)'];
    if (way.user !== undefined) await chown(shared, way.user, way.user);
    /** @type {Run} */
    const holdfast = (argv) => inside(way, root, shared, ['/usr/bin/holdfast', ...argv]);
    await useHoldfast({ run: holdfast, folder: '/tmp', endpoint });
    const zones = await inside(way, root, shared, ['/usr/bin/node', '-e', ZONES]);
    if (zones.code !== 0) throw broken('the time zones of the image', zones.output);
    const owner = (await stat(join(shared, 'backups'))).uid;
    if (way.user !== undefined && owner !== way.user) throw broken('the image', `it ran as user ${owner}`);
    return [`the image: backed up, verified and restored, with a read-only root folder, ${way.said}`];
  });
}

// Summer and winter, halves and quarters of an hour, and the variable that containers are given.
const ZONES = `
const at = (zone, time) => new Date(time).toLocaleTimeString('en-GB', { timeZone: zone, timeStyle: 'short' });
const expected = [
  ['America/New_York', '2026-07-01T12:00Z', '08:00'], ['America/New_York', '2026-12-01T12:00Z', '07:00'],
  ['Europe/Berlin', '2026-07-01T12:00Z', '14:00'], ['Asia/Kathmandu', '2026-07-01T12:00Z', '17:45'],
  ['Australia/Lord_Howe', '2026-07-01T12:00Z', '22:30'], ['Pacific/Chatham', '2026-12-01T12:00Z', '01:45'],
];
for (const [zone, time, shown] of expected) require('node:assert').equal(at(zone, time), shown, zone);
process.env.TZ = 'Asia/Kathmandu';
require('node:assert').equal(new Date('2026-07-01T12:00Z').getHours(), 17);
require('node:assert').ok(Intl.supportedValuesOf('timeZone').length > 400);
`;

/** @param {{ run: Run, folder: string, endpoint: string }} how `folder` is writable, as the program sees it */
async function useHoldfast({ run, folder, endpoint }) {
  const version = await run(['--version']);
  if (version.stdout.trim() !== VERSION) throw broken('holdfast --version', version.output);
  const backups = `${folder}/backups`;
  const backup = ['backup', backups, '--endpoints', endpoint, '--snapshot-only', '--no-progress', '-o', 'json'];
  for (const argv of [
    backup,
    ['verify', backups],
    ['restore', 'member', backups, '--data-dir', `${folder}/restored`],
  ]) {
    const { code, output } = await run(argv);
    if (code !== 0) throw broken(`holdfast ${argv.join(' ')}`, output);
  }
}

/** @param {string} archive @param {string} layout an empty folder @param {string} root gets the image's files */
async function unpackImage(archive, layout, root) {
  await succeed('tar', ['-xf', archive, '-C', layout]);
  const blobs = join(layout, 'blobs', 'sha256');
  for (const name of await readdir(blobs))
    if (sha256(await readFile(join(blobs, name))) !== name) throw broken('the image', `${name} has another digest`);
  /** @param {{ digest: string }} descriptor */
  const path = ({ digest }) => join(blobs, digest.replace('sha256:', ''));
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  const manifest = JSON.parse(await readFile(path(index.manifests[0]), 'utf8'));
  await mkdir(root);
  for (const layer of manifest.layers) await succeed('tar', ['-xpzf', path(layer), '-C', root]);
}

/**
 * @template T
 * @param {(endpoint: string, folder: string) => Promise<T>} use the folder is gone afterwards
 * @returns {Promise<T>}
 */
async function withEtcd(use) {
  const { folder: programs } = await provideOne();
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-package-'));
  const [client, peer] = await Promise.all([freePort(), freePort()]);
  const endpoint = `http://127.0.0.1:${client}`;
  const etcd = spawn(
    join(programs, 'etcd'),
    [
      ...['--data-dir', join(folder, 'etcd'), '--logger', 'zap', '--log-level', 'error'],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
    ],
    { stdio: 'ignore', env: process.arch === 'x64' ? {} : { ETCD_UNSUPPORTED_ARCH: process.arch } },
  );
  const ended = new Promise((resolve) => etcd.on('close', resolve));
  etcd.on('error', () => undefined);
  try {
    await untilHealthy(endpoint, () => etcd.exitCode === null && etcd.pid !== undefined);
    return await use(endpoint, folder);
  } finally {
    etcd.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string} endpoint @param {() => boolean} isAlive */
async function untilHealthy(endpoint, isAlive) {
  for (let tries = 0; tries < 600 && isAlive(); tries++) {
    const answer = await fetch(`${endpoint}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Failure('the etcd for the trial does not start', 'Run ./try, which says more.');
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** @param {string} folder @param {string} name */
async function emptyFolder(folder, name) {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

/** @param {string} program @param {readonly string[]} args */
async function succeed(program, args) {
  const { code, output } = await run(program, args);
  if (code !== 0) throw broken(`${program} ${args.join(' ')}`, output);
}

/** @param {string} what @param {string} output */
function broken(what, output) {
  return new Failure(`${what} failed:\n${output.trim()}`, 'What was built is not fit for use; ./check may say why.');
}
