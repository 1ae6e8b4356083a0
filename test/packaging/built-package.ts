import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeTemporaryFolder, succeed } from '../kit/index.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPT = join(PROJECT, 'scripts', 'package.mjs');
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

/** Runs scripts/package.mjs on what is at hand: this Node, and the packages in the cache. It needs no network then. */
export function buildPackage(only: 'executable' | 'image'): Promise<BuiltPackage> {
  return build([process.execPath, SCRIPT, '--only', only], only);
}

/** The same once more, without a trial, for somebody of other habits. */
export function buildAgain(only: 'executable' | 'image'): Promise<BuiltPackage> {
  const command = ['sh', '-c', 'umask 077; exec "$@"', 'sh', process.execPath, SCRIPT, '--only', only, '--no-trial'];
  return build(command, only, { TZ: 'Asia/Kathmandu', LC_ALL: 'C' });
}

async function build(
  command: readonly string[],
  only: 'executable' | 'image',
  env: Readonly<Record<string, string>> = {},
): Promise<BuiltPackage> {
  const folder = await makeTemporaryFolder();
  const said = await succeed([...command, '--local', '--outdir', folder], {
    // Others may commit while the tests run.
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000', HOLDFAST_REVISION: 'abc', ...env },
    timeoutMs: 300_000,
  });
  const { version } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
  const name = only === 'image' ? 'holdfast-image' : 'holdfast';
  return {
    folder,
    said,
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
