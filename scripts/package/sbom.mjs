// @ts-check
// The bill of materials, as CycloneDX 1.6 in JSON (ECMA-424).
import { VERSION } from './bundle.mjs';
import { sha256 } from './oci.mjs';

/** @typedef {import('./packages.mjs').NpmPackage} NpmPackage */
/** @typedef {import('./base.mjs').DebianPackage} DebianPackage */

/**
 * @param {object} parts
 * @param {string} parts.name of what is shipped
 * @param {'container' | 'application'} parts.type
 * @param {Date} parts.created
 * @param {readonly NpmPackage[]} parts.packages
 * @param {Readonly<Record<string, string>>} parts.nodeVersions
 * @param {readonly DebianPackage[]} [parts.base]
 * @returns {Buffer}
 */
export function billOfMaterials({ name, type, created, packages, nodeVersions, base = [] }) {
  const components = [...packages.map(npm), node(nodeVersions), ...base.map(debian)];
  const main = { type: type, 'bom-ref': `${name}@${VERSION}`, name: name, version: VERSION };
  const all = JSON.stringify([main, components]);
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    // Told by the content, so that the same content has the same bill.
    serialNumber: `urn:uuid:${uuid(sha256(all))}`,
    version: 1,
    metadata: {
      timestamp: created.toISOString(),
      component: { ...main, licenses: [{ license: { id: 'Apache-2.0' } }] },
    },
    components,
    dependencies: [{ ref: main['bom-ref'], dependsOn: components.map((component) => component['bom-ref']).sort() }],
  };
  return Buffer.from(`${JSON.stringify(bom, null, 2)}\n`);
}

/** @param {NpmPackage} npmPackage */
function npm({ name, version, licence, integrity }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const [algorithm, digest = ''] = integrity?.split('-', 2) ?? [];
  const hashes =
    algorithm === 'sha512' ? [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }] : [];
  return { type: 'library', 'bom-ref': purl, name, version, hashes, licenses: [{ expression: licence }], purl };
}

/** Node with what it is made of. @param {Readonly<Record<string, string>>} versions */
function node({ node: version = '', ...parts }) {
  const purl = `pkg:generic/node@${version}`;
  const components = Object.entries(parts)
    // Numbers of interfaces and of data, not of programs.
    .filter(([name, its]) => its !== '' && !['modules', 'napi', 'cldr', 'tz', 'unicode'].includes(name))
    .map(([name, its]) => ({ type: 'library', 'bom-ref': `${purl}#${name}`, name, version: its }));
  const cpe = `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`;
  return { type: 'platform', 'bom-ref': purl, name: 'node', version, cpe, purl, components };
}

/** @param {DebianPackage} debianPackage */
function debian({ name, version, architecture }) {
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl };
}

/** A UUID of version 8 (RFC 9562, 5.8) made of a digest. @param {string} digest */
function uuid(digest) {
  const variant = ((parseInt(digest.slice(16, 17), 16) & 3) | 8).toString(16);
  const parts = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
  ];
  return [...parts, digest.slice(20, 32)].join('-');
}
