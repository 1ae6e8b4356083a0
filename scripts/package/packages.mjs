// @ts-check
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../provide/cache.mjs';

/** @typedef {{ name: string, version: string, licence: string, integrity: string | undefined, folder: string }} NpmPackage */

/**
 * What package-lock.json says of packages.
 * @param {readonly string[]} folders such as `node_modules/zod`
 * @returns {Promise<readonly NpmPackage[]>}
 */
export async function lockedPackages(folders) {
  /** @type {{ packages: Record<string, { version: string, license?: string, integrity?: string }> }} */
  const { packages } = JSON.parse(await readFile(join(PROJECT, 'package-lock.json'), 'utf8'));
  return folders.map((folder) => {
    const locked = packages[folder];
    if (locked === undefined) throw new Error(`${folder} is not in package-lock.json`);
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const { version, license = 'NOASSERTION', integrity } = locked;
    return { name, version, licence: license, integrity, folder };
  });
}

/**
 * The licences of everything that is in it, in one text.
 * @param {readonly NpmPackage[]} packages @param {{ versions: Readonly<Record<string, string>>, licence: string }} node
 */
export async function licences(packages, node) {
  const parts = [await readFile(join(PROJECT, 'LICENSE'), 'utf8')];
  for (const { name, version, licence, folder } of packages) {
    const texts = await licenceFiles(join(PROJECT, folder));
    parts.push(title(`${name} ${version} (${licence})`), ...texts);
  }
  return Buffer.from([...parts, title(`Node ${node.versions['node']}`), node.licence].join('\n'));
}

/** @param {string} text */
function title(text) {
  return `${'-'.repeat(80)}\n${text}\n${'-'.repeat(80)}\n`;
}

/** @param {string} folder */
async function licenceFiles(folder) {
  const names = (await readdir(folder)).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name)).sort();
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
}
