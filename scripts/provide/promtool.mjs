// @ts-check
import { provideProgram } from './program.mjs';

/** Prometheus' own judge of rules, of the newest Debian, as a folder that holds it. */
export function providePromtool() {
  return provideProgram({
    program: 'promtool',
    suite: 'trixie',
    // Before trixie it was in the package prometheus.
    package: 'promtool',
    version: ['--version'],
    says: /^promtool, version (\S+)/m,
  });
}
