// @ts-check
// Makes the OLM bundle for OpenShift from deploy/openshift, deploy/monitoring and the reference of an image in a registry:
//
//   npm run olm-bundle -- --image <registry>/holdfast@sha256:<digest>
//
//   --outdir <folder>   where it goes; default out/bundle. It must not be there, or be a bundle
//   --operator-arg=--<option>   an option more for the operator, again for each
//   --arch <name>       what the image is built for, Go's names, again for each; default: this machine
//
// The folder is the context of its Containerfile. SOURCE_DATE_EPOCH stands in for the time of the last commit.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { dump } from 'js-yaml';
import { clusterServiceVersion, OLDEST_OPENSHIFT } from './olm/csv.mjs';
import { carriedObjects, withOwnFile } from './olm/sources.mjs';
import { VERSION } from './package/bundle.mjs';
import { architecture } from './package/image.mjs';
import { sourceState } from './package/source.mjs';
import { exists } from './provide/cache.mjs';
import { Failure, reportFailure } from './provide/failure.mjs';

const OPTIONS = /** @type {const} */ ({
  image: { type: 'string' },
  outdir: { type: 'string', default: 'out/bundle' },
  'operator-arg': { type: 'string', multiple: true, default: [] },
  arch: { type: 'string', multiple: true },
});
const PACKAGE = 'holdfast';
/** Before the first release that a real OpenShift has seen, nothing is called stable. */
const CHANNEL = 'candidate';

/** Of the image that holds the bundle, and of the file that OLM's tools read. */
const ANNOTATIONS = {
  'operators.operatorframework.io.bundle.mediatype.v1': 'registry+v1',
  'operators.operatorframework.io.bundle.manifests.v1': 'manifests/',
  'operators.operatorframework.io.bundle.metadata.v1': 'metadata/',
  'operators.operatorframework.io.bundle.package.v1': PACKAGE,
  'operators.operatorframework.io.bundle.channels.v1': CHANNEL,
  'operators.operatorframework.io.bundle.channel.default.v1': CHANNEL,
  'com.redhat.openshift.versions': OLDEST_OPENSHIFT,
};

async function main() {
  const { values } = parseArgs({ options: OPTIONS });
  const { image } = values;
  if (image === undefined || !/^[^\s@]+(:[\w][\w.-]*|@sha256:[0-9a-f]{64})$/.test(image))
    throw new Failure(
      `--image ${image ?? 'is not given'}${image === undefined ? '' : ' names neither a tag nor a digest'}`,
      'Say where the image lies that the operator runs: --image <registry>/holdfast@sha256:<digest>.',
    );
  const objects = await carriedObjects();
  const { created } = await sourceState();
  const architectures = values.arch ?? [architecture];
  const args = values['operator-arg'];
  const csv = await clusterServiceVersion(objects, { version: VERSION, image, args, created, architectures });
  const folder = resolve(values.outdir);
  await makeRoom(folder);
  await write(folder, `manifests/${PACKAGE}.clusterserviceversion.yaml`, csv);
  for (const each of withOwnFile(objects))
    await write(folder, `manifests/${each.metadata.name}.${each.kind.toLowerCase()}.yaml`, each);
  await write(folder, 'metadata/annotations.yaml', { annotations: ANNOTATIONS });
  await writeFile(join(folder, 'Containerfile'), containerfile());
  process.stdout.write(`${folder}\n`);
}

/** Only a bundle is ever replaced. @param {string} folder */
async function makeRoom(folder) {
  if ((await exists(folder)) && !(await exists(join(folder, 'metadata', 'annotations.yaml'))))
    throw new Failure(`${folder} is there and is no bundle`, 'Name another with --outdir.');
  await rm(folder, { recursive: true, force: true });
}

/** @param {string} folder @param {string} name @param {unknown} content */
async function write(folder, name, content) {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), dump(content, { lineWidth: 120, noRefs: true }));
}

function containerfile() {
  const labels = Object.entries(ANNOTATIONS).map(([name, value]) => `LABEL ${name}=${value}`);
  return ['FROM scratch', ...labels, 'COPY manifests /manifests/', 'COPY metadata /metadata/', ''].join('\n');
}

try {
  await main();
} catch (error) {
  reportFailure(error);
}
