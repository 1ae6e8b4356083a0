import { lstat, readdir, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { systemCode } from '../base/index.ts';
import type { ArchiveSource } from './control-plane-host.ts';
import { HostError } from './errors.ts';
import { unreadable, type HostTree } from './host-tree.ts';
import type { LayoutDescription } from './layouts/layout.ts';
import type { HostFinding } from './findings.ts';

/** Where nothing that belongs to a backup can lie. */
const KERNEL_FOLDERS = ['/dev', '/proc', '/run', '/sys', '/tmp'];

export interface CompleteSources {
  readonly sources: readonly ArchiveSource[];
  readonly findings: readonly HostFinding[];
}

/**
 * Makes a layout's list of sources fit for an archive: links are stored as links, so what they lead to becomes a source
 * of its own where the archive can hold it, and a source that lies inside another is dropped.
 *
 * Names stay as the layout says them, also where a folder on the way is a link: they are what the host's other files use.
 */
export async function completeSources(
  tree: HostTree,
  description: LayoutDescription,
  signal: AbortSignal | undefined,
): Promise<CompleteSources> {
  const { archiveRoot, neverSaved } = description;
  const sources: ArchiveSource[] = [];
  const findings: HostFinding[] = [];
  const pending = [...description.sources];
  const isListed = (path: string): boolean => [...sources, ...pending].some((source) => isWithin(path, source.path));
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    signal?.throwIfAborted();
    const { path } = next;
    if (sources.some((source) => isWithin(path, source.path))) continue;
    sources.push(next);
    for (const link of await linksOf(tree, path)) {
      const target = await targetOf(tree, link);
      if (target === undefined || isListed(target.named)) continue;
      const reason =
        whyNotSaved(target.named, archiveRoot, neverSaved) ?? whyNotSaved(target.canonical, archiveRoot, neverSaved);
      if (reason !== undefined) findings.push(notFollowed(link.path, target.named, reason));
      else
        pending.push({
          path: target.named,
          member: posix.relative(archiveRoot, target.named),
          why: `target of ${link.path}`,
        });
    }
  }
  const isInside = (path: string, other: ArchiveSource): boolean => other.path !== path && isWithin(path, other.path);
  return { sources: sources.filter(({ path }) => !sources.some((other) => isInside(path, other))), findings };
}

interface Link {
  /** As the host names it. */
  readonly path: string;
  /** The text of the link. */
  readonly text: string;
}

/** Every link in and below a source, itself included. */
async function linksOf(tree: HostTree, source: string): Promise<readonly Link[]> {
  const links: Link[] = [];
  const visit = async (path: string, disk: string): Promise<void> => {
    try {
      const stats = await lstat(disk);
      if (stats.isSymbolicLink()) links.push({ path, text: await readlink(disk) });
      if (!stats.isDirectory()) return;
      for (const name of (await readdir(disk)).sort()) await visit(posix.join(path, name), join(disk, name));
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      throw error instanceof HostError ? error : unreadable(path, error);
    }
  };
  const parent = await tree.find(posix.dirname(source));
  if (parent !== undefined) await visit(source, join(parent.diskPath, posix.basename(source)));
  return links;
}

/** What a link leads to, by the name that its text gives it and by its canonical one; undefined for a dangling link. */
async function targetOf(
  tree: HostTree,
  link: Link,
): Promise<{ readonly named: string; readonly canonical: string } | undefined> {
  const literal = posix.isAbsolute(link.text) ? link.text : `${posix.dirname(link.path)}/${link.text}`;
  const target = await tree.find(literal);
  if (target === undefined) return undefined;
  // Through a linked folder `..` leads elsewhere than the text suggests; only then the canonical name is the right one.
  const named = posix.resolve('/', literal);
  const byName = await tree.find(named);
  return { named: byName?.path === target.path ? named : target.path, canonical: target.path };
}

function whyNotSaved(path: string, archiveRoot: string, neverSaved: readonly string[]): string | undefined {
  if (!isWithin(path, archiveRoot)) return `it lies outside ${archiveRoot}, which the archive is restored into`;
  if ([archiveRoot, '/etc', '/etc/kubernetes', '/var', '/var/lib'].includes(path))
    return 'it is no part of a control plane by itself';
  if (KERNEL_FOLDERS.some((folder) => isWithin(path, folder))) return 'it does not outlive a reboot';
  const data = neverSaved.find((each) => isWithin(each, path) || isWithin(path, each));
  return data === undefined ? undefined : `it holds or is ${data}, which is never saved`;
}

function notFollowed(link: string, target: string, reason: string): HostFinding {
  return {
    severity: 'warning',
    code: 'HOST_LINK_NOT_FOLLOWED',
    where: link,
    message: `${link} leads to ${target}, which is not saved: ${reason}`,
    hint: `Save ${target} by other means if the control plane needs it.`,
  };
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`);
}
