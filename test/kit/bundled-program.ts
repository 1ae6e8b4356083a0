import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles a program of the tests, for processes that a test starts and kills by themselves.
 *
 * @param entry - its source
 * @param outfile - where it is written, ending in `.mjs`
 */
export async function bundleProgram(entry: URL, outfile: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
    absWorkingDir: fileURLToPath(new URL('../..', import.meta.url)),
    // Some packages are CommonJS and ask for Node's own modules at run time.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    external: ['@node-rs/crc32'],
  });
}
