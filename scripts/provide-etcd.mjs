// @ts-check
// Prints, as JSON, where the programs lie that the demonstration and the tests need; fetches them first where they are
// missing. Progress goes to standard error.
//
//   node scripts/provide-etcd.mjs one       one etcd: HOLDFAST_ETCD_DIR, the PATH, a package, etcd's own release
//   node scripts/provide-etcd.mjs tested    every etcd release that the integration tests run on
//   node scripts/provide-etcd.mjs kubectl [suite]
//   node scripts/provide-etcd.mjs promtool
import { provideOne, provideTested } from './provide/etcd.mjs';
import { Failure, reportFailure } from './provide/failure.mjs';
import { provideKubectl } from './provide/kubectl.mjs';
import { providePromtool } from './provide/promtool.mjs';

/** @param {readonly string[]} args */
async function main([what = 'one', suite]) {
  if (what === 'one') return provideOne();
  if (what === 'tested') return provideTested();
  if (what === 'kubectl') return provideKubectl(suite);
  if (what === 'promtool') return providePromtool();
  throw new Failure(`${what} is not known`, 'Say one, tested, kubectl or promtool.');
}

try {
  process.stdout.write(`${JSON.stringify(await main(process.argv.slice(2)), null, 2)}\n`);
} catch (error) {
  reportFailure(error);
}
