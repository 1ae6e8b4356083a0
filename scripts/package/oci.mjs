// @ts-check
// Writes a container image as an archive in the OCI image layout (opencontainers/image-spec: image-layout.md, manifest.md,
// config.md). It also holds the index of `docker save`, so that older tools load it too.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { tarOf } from './tar.mjs';

/** @typedef {import('./tar.mjs').Entry} Entry */
/** @typedef {{ mediaType: string, digest: string, size: number }} Descriptor */

/**
 * @typedef {object} Layer
 * @property {string} comment what is in it
 * @property {readonly Entry[]} entries
 */

/**
 * @typedef {object} Image
 * @property {string} name
 * @property {string} tag
 * @property {string} architecture Go's name for it
 * @property {Date} created
 * @property {object} config what runs, and how (config.md, "config")
 * @property {Readonly<Record<string, string>>} annotations
 * @property {readonly Layer[]} layers lowest first
 * @property {string} node the Node that compresses: another release's zlib would make other bytes
 */

/**
 * @param {Image} image
 * @returns {Promise<{ archive: Buffer, digest: string, layers: readonly { comment: string, bytes: number, packed: number }[] }>}
 *   `digest` is the manifest's
 */
export async function imageArchive({ name, tag, architecture, created, config, annotations, layers, node }) {
  /** @type {Entry[]} */
  const blobs = [];
  /** @param {string} mediaType @param {Buffer} content @returns {Descriptor} */
  const blob = (mediaType, content) => {
    const sum = sha256(content);
    blobs.push({ path: `blobs/sha256/${sum}`, kind: 'file', content });
    return { mediaType, digest: `sha256:${sum}`, size: content.length };
  };
  const packed = [];
  for (const { comment, entries } of layers) {
    const tar = await tarOf(entries);
    const descriptor = blob('application/vnd.oci.image.layer.v1.tar+gzip', await gzip(tar, node));
    packed.push({ comment, bytes: tar.length, diffId: `sha256:${sha256(tar)}`, descriptor });
  }
  const time = created.toISOString();
  const platform = { architecture, os: 'linux' };
  const description = {
    created: time,
    ...platform,
    config,
    rootfs: { type: 'layers', diff_ids: packed.map(({ diffId }) => diffId) },
    history: packed.map(({ comment }) => ({ created: time, created_by: 'scripts/package.mjs', comment })),
  };
  const configured = blob('application/vnd.oci.image.config.v1+json', json(description));
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const content = packed.map(({ descriptor }) => descriptor);
  const manifest = blob(
    mediaType,
    json({ schemaVersion: 2, mediaType, config: configured, layers: content, annotations }),
  );
  const reference = { 'org.opencontainers.image.ref.name': tag };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, platform, annotations: reference }] };
  const saved = [{ Config: pathOf(configured), RepoTags: [`${name}:${tag}`], Layers: content.map(pathOf) }];
  const archive = await tarOf([
    ...blobs,
    { path: 'oci-layout', kind: 'file', content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', kind: 'file', content: json(index) },
    { path: 'manifest.json', kind: 'file', content: json(saved) },
  ]);
  const sizes = packed.map(({ comment, bytes, descriptor }) => ({ comment, bytes, packed: descriptor.size }));
  return { archive, digest: manifest.digest, layers: sizes };
}

/** @param {Buffer | string} content */
export function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}

/** @param {Descriptor} descriptor */
function pathOf({ digest }) {
  return `blobs/${digest.replace(':', '/')}`;
}

/** @param {unknown} value */
function json(value) {
  return Buffer.from(JSON.stringify(value));
}

const GZIP = `process.stdin.pipe(require('node:zlib').createGzip({ level: 6 })).pipe(process.stdout)`;

/** @param {Buffer} content @param {string} node @returns {Promise<Buffer>} */
function gzip(content, node) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, ['-e', GZIP], { env: {}, stdio: ['pipe', 'pipe', 'inherit'] });
    /** @type {Buffer[]} */
    const parts = [];
    child.stdout.on('data', (part) => parts.push(part));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(parts));
      else reject(new Error(`${node} could not compress a layer (exit code ${code})`));
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(content);
  });
}
