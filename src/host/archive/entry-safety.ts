import { posix } from 'node:path';
import type { ArchiveEntry } from './archive-entry.ts';
import { shown } from './entry-names.ts';
import type { HostFinding, HostFindingCode } from '../findings.ts';

/** `./a/b/` and `a/b` are one name. */
export function normalName(name: string): string {
  return (
    name
      .replace(/^(?:\.\/+)+/, '')
      .replace(/\/+$/, '')
      .replaceAll(/\/{2,}/g, '/') || '.'
  );
}

/**
 * Watches an archive's entries go by, and reports those that would be written outside the folder that is restored into.
 *
 * A symbolic link that leads out is no danger by itself (a control plane's own links may be absolute), so it is a warning; an
 * entry that would be written through a link of the same archive is an attack or an accident, and an error.
 */
export class EntrySafety {
  readonly #types = new Map<string, ArchiveEntry['type']>();
  readonly #links: ArchiveEntry[] = [];

  /** What is wrong with the next entry, whose name is as the archive has it. */
  add(entry: ArchiveEntry, rawName: string, rawLink: string): readonly HostFinding[] {
    const findings: HostFinding[] = [];
    const report = (code: HostFindingCode, message: string, severity: HostFinding['severity'] = 'error'): void => {
      findings.push({ severity, code, where: entry.name, message, hint: 'Do not restore from this archive by hand.' });
    };
    if (isUnsafe(rawName))
      report('HOST_ARCHIVE_UNSAFE_NAME', `the entry ${shown(rawName)} would be written outside the target`);
    const through = ancestors(entry.name).find((name) => this.#types.get(name) === 'symlink');
    if (through !== undefined) {
      report(
        'HOST_ARCHIVE_UNSAFE_LINK',
        `the entry ${shown(entry.name)} would be written through the link ${shown(through)}`,
      );
    }
    if (entry.type === 'hard-link') {
      const target = normalName(rawLink);
      const kind = this.#types.get(target);
      if (isUnsafe(rawLink) || kind === undefined || kind === 'folder' || this.#passesLink(target)) {
        report(
          'HOST_ARCHIVE_UNSAFE_LINK',
          `the hard link ${shown(entry.name)} leads to ${shown(rawLink)}, which the archive does not hold`,
        );
      }
    }
    if (entry.name !== '.' && this.#types.has(entry.name) && entry.type !== 'folder') {
      report('HOST_ARCHIVE_DUPLICATE_NAME', `the name ${shown(entry.name)} comes twice`, 'warning');
    }
    if (entry.type === 'symlink') this.#links.push(entry);
    this.#types.set(entry.name, entry.type);
    return findings;
  }

  /** At the end, when all names are known: links that lead to something the archive does not hold. */
  finish(): readonly HostFinding[] {
    const names = [...this.#types.keys()].sort();
    const root = names.every((name) => name.startsWith('static-pod-resources')) ? '/etc/kubernetes' : '/';
    return this.#links.flatMap((entry) => {
      const target = entry.linkName ?? '';
      const resolved = posix.isAbsolute(target)
        ? posix.relative(root, posix.normalize(target))
        : posix.join(posix.dirname(entry.name), target);
      const leaves = resolved === '..' || resolved.startsWith('../');
      const inside = !leaves && (!posix.isAbsolute(target) || this.#holds(normalName(resolved), names));
      return inside ? [] : [leavesArchive(entry.name, target)];
    });
  }

  #passesLink(name: string): boolean {
    return ancestors(name).some((each) => this.#types.get(each) === 'symlink');
  }

  /** The name itself, something below it, or a folder on the way to it that the archive holds as a link. */
  #holds(name: string, names: readonly string[]): boolean {
    return this.#types.has(name) || this.#passesLink(name) || hasBelow(names, `${name}/`);
  }
}

/** Whether one of the sorted names starts with `prefix`; by halves, for an archive can hold 100,000 links. */
function hasBelow(names: readonly string[], prefix: string): boolean {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < prefix) low = middle + 1;
    else high = middle;
  }
  return names[low]?.startsWith(prefix) === true;
}

function leavesArchive(name: string, target: string): HostFinding {
  return {
    severity: 'warning',
    code: 'HOST_ARCHIVE_LINK_LEAVES',
    where: name,
    message: `the link ${shown(name)} leads to ${shown(target)}, which the archive does not hold`,
    hint: `After a restore, check that ${shown(target)} is there and is what it should be.`,
  };
}

function isUnsafe(name: string): boolean {
  return name === '' || name.startsWith('/') || name.includes('\0') || name.split('/').includes('..');
}

function ancestors(name: string): readonly string[] {
  const parts = name.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
