// @ts-check
// Runs a program in a root folder, as a container runtime would: nothing of this machine but /proc, /dev and one folder.
import { run } from '../provide/run.mjs';
import { USER } from './base.mjs';

/** @typedef {{ unshare: readonly string[], user: number | undefined, said: string }} Way */

/** Best first. @type {readonly Way[]} */
const WAYS = [
  { unshare: ['--mount'], user: USER, said: `as user ${USER}` },
  {
    unshare: ['--user', '--map-root-user', '--mount'],
    user: undefined,
    said: `as root of a user namespace, since only root can take user ${USER}`,
  },
];

const PREPARE = `
set -e
root=$1; shared=$2; user=$3; shift 3
mount --bind "$root" "$root"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$shared" "$root/tmp"
mount --bind "$shared" "$root/run"
mount -o remount,bind,ro "$root"
if [ $# -eq 0 ]; then exit 0; fi
chroot=$(command -v chroot)
if [ -n "$user" ]; then set -- --userspec="$user:$user" "$root" "$@"; else set -- "$root" "$@"; fi
exec env -i PATH=/usr/bin "$chroot" "$@"
`;

/**
 * How this machine lets us do it; undefined where it does not at all.
 *
 * @param {string} root @param {string} shared
 */
export async function wayIn(root, shared) {
  for (const way of WAYS) if ((await inside(way, root, shared, [])).code === 0) return way;
  return undefined;
}

/**
 * The root folder is read-only; /tmp and /run in it are `shared`. The network is this machine's.
 *
 * @param {Way} way @param {string} root @param {string} shared @param {readonly string[]} argv
 */
export function inside(way, root, shared, argv) {
  const prepare = ['/bin/sh', '-c', PREPARE, 'prepare', root, shared, String(way.user ?? ''), ...argv];
  return run('unshare', [...way.unshare, '--', ...prepare]);
}
