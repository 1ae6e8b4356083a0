import { RestoreError } from './errors.ts';
import type { TargetRelease } from './target-release.ts';

/** A flag of `holdfast restore member`, for messages. */
type Flag = '--initial-cluster' | '--initial-advertise-peer-urls';

const SHAPE = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#]*)(?<rest>.*)$/i;
const HOST_PORT = /^(?:\[[0-9a-f:.]+(?:%25[a-z0-9_.~-]+)?\]|[a-z0-9._~-]*):[0-9]*$/i;
const SOCKET = /^[a-z0-9._~:@/-]+$/i;

/**
 * A peer URL as etcd writes it: the scheme in lower case, all else as given, for the member's id is made from it.
 * Sources: etcd client/pkg/types/urls.go, Go's net/url. Stricter than etcd in what no cluster uses: user names, queries,
 * fragments, letters beyond ASCII.
 *
 * @throws RestoreError `RESTORE_IDENTITY_INVALID`
 */
export function parsePeerUrl(text: string, flag: Flag, target: TargetRelease): string {
  const url = text.trim();
  const parts = SHAPE.exec(url)?.groups;
  const scheme = parts?.['scheme']?.toLowerCase() ?? '';
  const authority = parts?.['authority'] ?? '';
  const rest = parts?.['rest'] ?? '';
  if (parts === undefined || !['http', 'https', 'unix', 'unixs'].includes(scheme)) {
    throw refuse(flag, url, 'it does not begin with http://, https://, unix:// or unixs://');
  }
  // etcd 3.4 wants a host and a port of sockets too.
  if (scheme.startsWith('unix') && target !== '3.4') {
    if (!SOCKET.test(authority + rest)) throw refuse(flag, url, 'it names no socket');
    return `${scheme}://${authority}${rest}`;
  }
  if (!HOST_PORT.test(authority)) throw refuse(flag, url, 'it does not have the form host:port');
  if (rest !== '') throw refuse(flag, url, `it has ${JSON.stringify(rest)} behind its port`);
  return `${scheme}://${authority}`;
}

/**
 * The URLs of a comma-separated list, sorted.
 *
 * @throws RestoreError `RESTORE_IDENTITY_INVALID`
 */
export function parsePeerUrls(text: string, flag: Flag, target: TargetRelease): readonly string[] {
  return text
    .split(',')
    .map((url) => parsePeerUrl(url, flag, target))
    .sort();
}

function refuse(flag: Flag, url: string, problem: string): RestoreError {
  return new RestoreError('RESTORE_IDENTITY_INVALID', `${flag} holds ${JSON.stringify(url)}: ${problem}`, {
    hint: `Give ${flag} peer URLs such as https://10.0.0.5:2380, without a path or a slash at the end.`,
    subject: flag,
  });
}
