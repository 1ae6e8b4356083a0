// @ts-check
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../provide/cache.mjs';
import { baseEntries, basePackages, USER } from './base.mjs';
import { bundleFolder, VERSION } from './bundle.mjs';
import { imageArchive } from './oci.mjs';
import { licences, lockedPackages } from './packages.mjs';
import { billOfMaterials } from './sbom.mjs';

/** @typedef {import('./tar.mjs').Entry} Entry */
/** @typedef {import('./shipped-node.mjs').ShippedNode} ShippedNode */

const NODE = 'usr/bin/node';
const PROGRAM = 'usr/lib/holdfast';
const DOCUMENTS = 'usr/share/doc/holdfast';
const ARCHITECTURES = /** @type {Readonly<Record<string, string>>} */ ({ x64: 'amd64', arm64: 'arm64' });

/** Go's name for this processor, as images have it. */
export const architecture = ARCHITECTURES[process.arch] ?? process.arch;

/**
 * What is in the image: below, what changes with Debian and Node alone, and is shared by releases of Holdfast; above, Holdfast.
 *
 * @param {ShippedNode} node @param {string} base see base.mjs @param {Date} created @param {string} work a folder of our own
 */
export async function imageContent(node, base, created, work) {
  const bundle = join(work, 'image-bundle');
  const native = await nativeModule();
  const packages = await lockedPackages([...(await bundleFolder(bundle)), ...native.folders].sort());
  const sbom = billOfMaterials({
    name: 'holdfast',
    type: 'container',
    created,
    packages,
    nodeVersions: node.versions,
    base: await basePackages(base),
  });
  /** @type {readonly Entry[]} */
  const below = [
    ...(await baseEntries(base)),
    { path: NODE, kind: 'file', mode: 0o755, content: node.path },
    file('usr/share/doc/node/LICENSE', Buffer.from(node.licence)),
  ];
  /** @type {readonly Entry[]} */
  const above = [
    { path: 'usr/bin/holdfast', kind: 'link', target: '../lib/holdfast/holdfast.js' },
    ...(await programEntries(bundle)),
    ...native.entries,
    file(`${DOCUMENTS}/LICENSE`, await readFile(join(PROJECT, 'LICENSE'))),
    file(`${DOCUMENTS}/third-party-licenses.txt`, await licences(packages, node)),
    file(`${DOCUMENTS}/sbom.cdx.json`, sbom),
  ];
  return { below, above, sbom };
}

/**
 * @param {ShippedNode} node @param {string} base @param {{ created: Date, revision: string | undefined }} source
 * @param {string} work
 */
export async function buildImage(node, base, { created, revision }, work) {
  const { below, above, sbom } = await imageContent(node, base, created, work);
  const labels = imageLabels(created, revision);
  const image = await imageArchive({
    name: 'holdfast',
    tag: VERSION,
    architecture,
    created,
    config: {
      User: `${USER}:${USER}`,
      Env: ['PATH=/usr/bin'],
      Entrypoint: ['/usr/bin/holdfast'],
      WorkingDir: '/',
      Labels: labels,
    },
    annotations: labels,
    layers: [
      { comment: `C library and Node ${node.versions['node']}`, entries: below },
      { comment: `Holdfast ${VERSION}`, entries: above },
    ],
    node: node.path,
  });
  return { ...image, sbom };
}

/** @param {Date} created @param {string | undefined} revision @returns {Readonly<Record<string, string>>} */
function imageLabels(created, revision) {
  return {
    'org.opencontainers.image.created': created.toISOString(),
    'org.opencontainers.image.description': 'Backs up and restores Kubernetes and OpenShift control planes',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    ...(revision === undefined ? {} : { 'org.opencontainers.image.revision': revision }),
    'org.opencontainers.image.title': 'Holdfast',
    'org.opencontainers.image.version': VERSION,
  };
}

/** @param {string} bundle @returns {Promise<readonly Entry[]>} */
async function programEntries(bundle) {
  const names = (await readdir(bundle, { recursive: true })).filter((name) => name.endsWith('.js'));
  const scripts = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(bundle, name), 'utf8');
      // There is no env in the image, and just one Node.
      const isProgram = text.startsWith('#!/usr/bin/env node\n');
      const content = Buffer.from(isProgram ? text.replace('#!/usr/bin/env node', `#!/${NODE}`) : text);
      return { ...file(`${PROGRAM}/${name}`, content), mode: isProgram ? 0o755 : 0o644 };
    }),
  );
  const description = { name: 'holdfast', version: VERSION, type: 'module' };
  return [...scripts, file(`${PROGRAM}/package.json`, Buffer.from(`${JSON.stringify(description)}\n`))];
}

/** The checksums by the processor's own instruction, as npm brought them for this platform. */
async function nativeModule() {
  const platform = `node_modules/@node-rs/crc32-linux-${process.arch}-gnu`;
  const folders = ['node_modules/@node-rs/crc32', platform];
  /** @type {Entry[]} */
  const entries = [];
  for (const folder of folders)
    for (const name of await readdir(join(PROJECT, folder)))
      if (/^(package\.json|.*\.js|.*\.node)$/.test(name))
        entries.push({ path: `${PROGRAM}/${folder}/${name}`, kind: 'file', content: join(PROJECT, folder, name) });
  return { folders, entries };
}

/** @param {string} path @param {Buffer} content @returns {Entry} */
function file(path, content) {
  return { path, kind: 'file', content };
}
