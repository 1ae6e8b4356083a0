import { systemClock } from '../../src/base/index.ts';
import type { CliEnvironment, Terminal } from '../../src/cli/index.ts';

/** A terminal of 80 columns that keeps what is written. */
export function silentTerminal(): Terminal & { readonly text: () => string } {
  let written = '';
  return {
    write: (part) => void (written += part),
    isTTY: false,
    columns: 80,
    text: () => written,
  };
}

/** An environment in which commands can print their help, and nothing of this process shows. */
export function testEnvironment(parts: Partial<CliEnvironment>): CliEnvironment {
  return {
    version: '0.0.0',
    variables: {},
    workingFolder: '/',
    stdout: silentTerminal(),
    stderr: silentTerminal(),
    readStandardInput: () => Promise.resolve(''),
    clock: systemClock,
    signal: new AbortController().signal,
    inspectWorker: undefined,
    fronts: {
      startStandalone: () => Promise.reject(new Error('no front is there')),
      runOperator: () => Promise.reject(new Error('no front is there')),
      requestBackup: () => Promise.reject(new Error('no front is there')),
    },
    ...parts,
  };
}
