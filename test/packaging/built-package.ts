import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTemporaryFolder, succeed } from '../kit/index.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
/** Go's name for this processor, as the files are named. */
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

export interface BuiltPackage {
  /** Of the files, for whoever removes it. */
  readonly folder: string;
  /** What the script said. */
  readonly said: string;
  /** The path of what was built, without the ending of what lies beside it. */
  readonly path: string;
  /** SHA-256 by file. */
  readonly sums: string;
}

/** Runs scripts/package.mjs with the Node of the tests, which need no network then. */
export async function buildPackage(
  only: 'executable' | 'image',
  ...args: readonly string[]
): Promise<BuiltPackage & { readonly version: string }> {
  const folder = await makeTemporaryFolder();
  const command = ['scripts/package.mjs', '--only', only, '--local', '--outdir', folder, ...args];
  const said = await succeed([process.execPath, ...command], {
    cwd: PROJECT,
    // Others may commit while the tests run.
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000', HOLDFAST_REVISION: 'abc' },
    timeoutMs: 300_000,
  });
  const { version } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
  const name = only === 'image' ? 'holdfast-image' : 'holdfast';
  return {
    folder,
    said,
    version,
    path: join(folder, `${name}-${version}-linux-${ARCHITECTURE}`),
    sums: await readFile(join(folder, 'SHA256SUMS'), 'utf8'),
  };
}

/** Of a bill of materials, what the tests look at. */
export interface BillOfMaterials {
  readonly components: readonly { readonly name: string; readonly version: string; readonly 'bom-ref': string }[];
}

export async function readBill(built: BuiltPackage): Promise<BillOfMaterials> {
  return JSON.parse(await readFile(`${built.path}.cdx.json`, 'utf8')) as BillOfMaterials;
}
