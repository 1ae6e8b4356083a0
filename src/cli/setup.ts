import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { silentProgress, type Log, type Progress } from '../base/index.ts';
import type { Surroundings } from '../operations/index.ts';
import type { CliEnvironment } from './environment.ts';
import { createJsonLog, createTextLog } from './output/console-log.ts';
import { createBarProgress, createLineProgress } from './output/progress-display.ts';

/** Options that stand before or after any command. */
interface GlobalOptions {
  readonly logFormat: 'text' | 'json';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly progress: boolean;
}

/** What the operations need, made from the process and the global options. */
export async function setUp(command: Command, environment: CliEnvironment): Promise<Surroundings> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const { stderr, clock, signal, inspectWorker, version } = environment;
  const log =
    options.logFormat === 'json'
      ? await createJsonLog(stderr, options.logLevel)
      : createTextLog(stderr, options.logLevel);
  return {
    clock,
    log,
    progress: chooseProgress(options, environment, log),
    signal,
    tool: { name: 'holdfast', version },
    runFolder: runFolder(environment),
    inspectWorker,
  };
}

function chooseProgress(options: GlobalOptions, { stderr, clock }: CliEnvironment, log: Log): Progress {
  if (!options.progress) return silentProgress;
  const onTerminal = stderr.isTTY && options.logFormat === 'text';
  return onTerminal ? createBarProgress(stderr, clock) : createLineProgress(log, clock);
}

/** Where the runs of one user on this host meet, by the usual conventions. */
function runFolder(environment: CliEnvironment): string {
  // Not os.userInfo: it throws for users that no list of accounts names, as in containers.
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return '/run/holdfast';
  const ofSession = environment.variables['XDG_RUNTIME_DIR'];
  return ofSession === undefined || ofSession === '' ? join(tmpdir(), `holdfast-${uid}`) : join(ofSession, 'holdfast');
}
