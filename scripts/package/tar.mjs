// @ts-check
// Writes ustar archives (POSIX 1003.1-1990, "ustar Interchange Format") whose bytes depend on nothing but their entries:
// sorted, owned by root, without times.
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * @typedef {object} Entry
 * @property {string} path without a leading slash
 * @property {'file' | 'folder' | 'link'} kind
 * @property {number} [mode] default: 0755 for folders, 0644 for files
 * @property {Buffer | string} [content] of a file: its bytes, or the path of a file that has them
 * @property {string} [target] of a symbolic link
 */

const BLOCK = 512;
const TYPES = { file: '0', link: '2', folder: '5' };

/** @param {readonly Entry[]} entries @returns {Promise<Buffer>} */
export async function tarOf(entries) {
  const parts = [];
  for (const entry of withFolders(entries)) {
    const content = await contentOf(entry);
    parts.push(header(entry, content.length), content, Buffer.alloc(-content.length & (BLOCK - 1)));
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** Writes the entries into a folder, owned by whoever runs this. @param {readonly Entry[]} entries @param {string} folder */
export async function writeTree(entries, folder) {
  await mkdir(folder, { recursive: true });
  for (const entry of withFolders(entries)) {
    const path = join(folder, entry.path);
    if (entry.kind === 'folder') await mkdir(path, { recursive: true });
    else if (entry.kind === 'link') await symlink(entry.target ?? '', path);
    else await writeFile(path, await contentOf(entry));
    if (entry.kind !== 'link') await chmod(path, modeOf(entry));
  }
}

/** The entries with every folder on the way to them, each after its own. @param {readonly Entry[]} entries @returns {readonly Entry[]} */
function withFolders(entries) {
  /** @type {Map<string, Entry>} */
  const all = new Map();
  for (const { path } of entries)
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder))
      all.set(folder, { path: folder, kind: 'folder' });
  for (const entry of entries) all.set(entry.path, entry);
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** @param {Entry} entry @returns {Promise<Buffer>} */
async function contentOf({ kind, content }) {
  if (kind !== 'file' || content === undefined) return Buffer.alloc(0);
  return typeof content === 'string' ? readFile(content) : content;
}

/** @param {Entry} entry */
function modeOf({ kind, mode }) {
  return kind === 'link' ? 0o777 : (mode ?? (kind === 'folder' ? 0o755 : 0o644));
}

/** @param {Entry} entry @param {number} size */
function header(entry, size) {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = split(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  block.write(name, 0);
  octal(block, modeOf(entry), 100, 8);
  octal(block, 0, 108, 8);
  octal(block, 0, 116, 8);
  octal(block, size, 124, 12);
  octal(block, 0, 136, 12);
  block.write('        ', 148);
  block.write(TYPES[entry.kind], 156);
  if (Buffer.byteLength(entry.target ?? '') > 100) throw new Error(`${entry.path}: the link's target is too long`);
  block.write(entry.target ?? '', 157);
  block.write('ustar\u000000', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148);
  return block;
}

/** @param {Buffer} block @param {number} value @param {number} at @param {number} width */
function octal(block, value, at, width) {
  block.write(value.toString(8).padStart(width - 1, '0'), at);
}

/** Long paths are cut at a slash into two fields. @param {string} path */
function split(path) {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' };
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { name, prefix };
  }
  throw new Error(`${path}: the path is too long for an archive`);
}
