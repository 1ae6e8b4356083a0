import { join } from 'node:path';
import { newestRelease, type EtcdRelease } from '../test/kit/releases.ts';

/** Where the bench works and what it measures. */
export interface Ground {
  /** Filled snapshots stay here, so that only the first run has to fill. */
  readonly folder: string;
  /** The built program. */
  readonly program: string;
  readonly release: EtcdRelease;
  readonly runs: number;
  /** Of another API server, to be measured beside the engine's. */
  readonly kubeconfig: string | undefined;
}

/** Reads what bench/run.mjs hands over. */
export function readGround(runs: number, kubeconfig: string | undefined): Ground {
  return {
    folder: required('HOLDFAST_BENCH_FOLDER'),
    program: required('HOLDFAST_BENCH_PROGRAM'),
    release: newestRelease(),
    runs,
    kubeconfig,
  };
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: start the bench by node bench/run.mjs`);
  return value;
}

/** A folder for the data of one measurement, which it removes at its end. */
export function scratch(ground: Ground, name: string): string {
  return join(ground.folder, `run-${name}`);
}

/** The command line of the built program. */
export function holdfast(ground: Ground, ...args: readonly string[]): readonly string[] {
  return [process.execPath, ground.program, ...args];
}

/** The command line of one of the release's own programs. */
export function etcdTool(ground: Ground, tool: 'etcdctl' | 'etcdutl', ...args: readonly string[]): readonly string[] {
  return [join(ground.release.folder, tool), ...args];
}

/** Tells the person who waits what is going on. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
