import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, succeed, type CommandOptions } from './run-command.ts';

/** A folder with one release's `etcd`, `etcdctl` and, since 3.5, `etcdutl`. */
export interface EtcdRelease {
  /** For example `3.5.16`. */
  readonly version: string;
  readonly folder: string;
}

/** The variable that carries the releases, as JSON, from where they were provided to the tests. */
export const RELEASES_VARIABLE = 'HOLDFAST_ETCD_RELEASES';

/** Every etcd release that the tests run on, oldest first. */
export function etcdReleases(): readonly EtcdRelease[] {
  const given = process.env[RELEASES_VARIABLE];
  if (given === undefined)
    throw new Error(`${RELEASES_VARIABLE} is not set; test/kit/global-setup.ts sets it for the integration tests`);
  const parsed: unknown = JSON.parse(given);
  if (!Array.isArray(parsed)) throw new Error(`${RELEASES_VARIABLE} is not a list`);
  return parsed.map(parseRelease).sort((a, b) => compareVersions(a.version, b.version));
}

export function newestRelease(): EtcdRelease {
  const newest = etcdReleases().at(-1);
  if (newest === undefined) throw new Error(`${RELEASES_VARIABLE} names no release`);
  return newest;
}

/** Reads one release from what scripts/provide-etcd.mjs prints. */
export function parseRelease(value: unknown): EtcdRelease {
  if (typeof value === 'object' && value !== null && 'version' in value && 'folder' in value) {
    const { version, folder } = value;
    if (typeof version === 'string' && typeof folder === 'string') return { version, folder };
  }
  throw new Error(`not an etcd release: ${JSON.stringify(value)}`);
}

/** Whether the release is at least `major.minor`. */
export function isAtLeast(release: EtcdRelease, version: string): boolean {
  return compareVersions(release.version, version) >= 0;
}

function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/**
 * Runs the release's own tool for snapshot files (`etcdutl`, in 3.4 `etcdctl`), which judges Holdfast's work:
 * `judge(release, 'snapshot', 'status', file, '-w', 'json')`. Throws with all output where it fails.
 */
export function judge(release: EtcdRelease, ...args: readonly string[]): Promise<string> {
  return succeed([judgeProgram(release), ...args], judgeOptions);
}

/** The same, for verdicts that may be bad. */
export function tryJudge(release: EtcdRelease, ...args: readonly string[]): ReturnType<typeof runCommand> {
  return runCommand([judgeProgram(release), ...args], judgeOptions);
}

const judgeOptions: CommandOptions = { env: { ETCDCTL_API: '3', PATH: process.env['PATH'] } };

function judgeProgram(release: EtcdRelease): string {
  const newer = join(release.folder, 'etcdutl');
  return existsSync(newer) ? newer : join(release.folder, 'etcdctl');
}
