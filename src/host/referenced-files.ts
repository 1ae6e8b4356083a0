import { load } from 'js-yaml';
import { posix } from 'node:path';
import type { HostTree } from './host-tree.ts';
import type { Flag } from './pod-manifest.ts';
import type { HostFinding } from './findings.ts';

/**
 * Flags whose path is written to, is a place for plugins or logs, or is no path of a file system. (Names: the
 * references of kube-apiserver, kube-controller-manager and etcd.)
 */
const NOT_CONFIGURATION = new Set([
  'audit-log-path',
  'authorization-always-allow-paths',
  'data-dir',
  'etcd-prefix',
  'flex-volume-plugin-dir',
  'log-dir',
  'log-file',
  'wal-dir',
]);

/** A configuration file that names files that name files: enough for admission -> webhook -> kubeconfig -> key. */
const MAX_DEPTH = 6;

/** Larger files are data, not configuration that names further files. */
const MAX_DOCUMENT = 1024 * 1024;

/** A path of the host that a flag, or a file that a flag names, points to. */
export interface ReferencedPath {
  readonly path: string;
  /** The flag that led here, with its dashes. */
  readonly flag: string;
}

export interface References {
  readonly paths: readonly ReferencedPath[];
  readonly findings: readonly HostFinding[];
}

/**
 * Finds everything on the host that a component's flags point to, and what those files point to in turn (an admission
 * configuration names plugin files, which name kubeconfigs, which name keys).
 *
 * @param hostPath - where a path of the component lies on the host; undefined where nothing of the host is mounted there
 */
export async function referencedPaths(
  tree: HostTree,
  flags: readonly Flag[],
  hostPath: (path: string) => string | undefined,
): Promise<References> {
  const found = new Map<string, ReferencedPath>();
  const findings: HostFinding[] = [];
  const follow = async (inside: string, flag: string, depth: number): Promise<void> => {
    const path = hostPath(inside);
    const target = path === undefined ? undefined : await tree.find(path);
    if (path === undefined || target === undefined) {
      if (depth === 0) findings.push(missing(inside, path, flag));
      return;
    }
    // A folder counts only where a flag names it: a policy's `/logs` is the path of a URL.
    const counts = target.stats.isFile() || (depth === 0 && target.stats.isDirectory());
    if (found.has(path) || !counts) return;
    found.set(path, { path, flag });
    if (!target.stats.isFile() || target.stats.size > MAX_DOCUMENT || depth >= MAX_DEPTH) return;
    for (const next of pathsNamedIn(await tree.readText(path), inside)) await follow(next, flag, depth + 1);
  };
  for (const flag of flags) {
    if (NOT_CONFIGURATION.has(flag.name)) continue;
    for (const path of pathsOf(flag)) await follow(path, `--${flag.name}`, 0);
  }
  return { paths: [...found.values()], findings };
}

/** The absolute paths in a flag's value: one, several by comma, or `--tls-sni-cert-key=<cert>,<key>:<names>`. */
function pathsOf(flag: Flag): readonly string[] {
  const value = flag.name === 'tls-sni-cert-key' ? flag.value.replace(/:[^/]*$/, '') : flag.value;
  return value.split(',').filter((part) => /^\/[^\s:]*$/.test(part) && part !== '/');
}

/** Absolute paths anywhere in a YAML or JSON document, and relative ones where its field says that it is a path. */
function pathsNamedIn(text: string | undefined, base: string): readonly string[] {
  if (text === undefined || text.includes('-----BEGIN ') || text.includes('\0')) return [];
  let document: unknown;
  try {
    document = load(text);
  } catch {
    // Not a document (a token file, a CSV of users): it names no further files.
    return [];
  }
  const paths: string[] = [];
  const visit = (value: unknown, field: string): void => {
    if (typeof value === 'string') {
      const isPath = /^\/[^\s:]+$/.test(value) || (isPathField(field) && /^[^\s:/][^\s:]*$/.test(value));
      if (isPath) paths.push(posix.resolve(posix.dirname(base), value));
    } else if (Array.isArray(value)) {
      for (const each of value) visit(each, field);
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, each] of Object.entries(value)) visit(each, name);
    }
  };
  visit(document, '');
  return paths;
}

/** `path`, `kubeConfigFile`, `client-certificate`, `tokenFile` …: fields that client-go resolves against the file's folder. */
function isPathField(field: string): boolean {
  return /^(?:path|client-certificate|client-key|certificate-authority)$|(?:File|Path)$/.test(field);
}

function missing(inside: string, path: string | undefined, flag: string): HostFinding {
  const where = path ?? inside;
  return {
    severity: 'warning',
    code: 'HOST_REFERENCED_FILE_MISSING',
    where,
    message:
      path === undefined
        ? `${flag} names ${inside}, which lies in no folder of the host, so it is not saved`
        : `${flag} names ${where}, which is not there, so it is not saved`,
    hint: `Save it by other means if the control plane needs it, or remove ${flag}.`,
  };
}
