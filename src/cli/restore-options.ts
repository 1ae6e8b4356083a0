import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { RestoreOnHostRequest, RestorePreview, RestoreSurroundings } from '../operations/index.ts';
import type { CliEnvironment } from './environment.ts';
import { CliError } from './errors.ts';
import { parseDuration } from './parse.ts';
import { setUp } from './setup.ts';

/** The flags that every restore on a host has, as commander hands them over. */
export interface RestoreFlags {
  readonly hostRoot: string;
  readonly layout: RestoreOnHostRequest['layout'];
  readonly override?: readonly string[];
  readonly dryRun?: true;
  readonly yes?: true;
  readonly timeout: number;
  readonly waitApiserver: boolean;
  readonly output: 'text' | 'json';
}

const DEFAULT_TIMEOUT_MS = 10 * 60_000;

/** Adds them. */
export function addRestoreOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--layout <layout>', 'the kind of control-plane host')
        .choices(['auto', 'openshift', 'kubeadm', 'k3s', 'rke2'])
        .default('auto'),
    )
    .option('--host-root <folder>', "the folder that is the host's /", '/')
    .option('--dry-run', 'check everything, show every step with its paths, and change nothing')
    .option('--yes', 'go on without asking')
    .option('--override <code>', 'go on in spite of the finding of this code; may be given several times', collect)
    .addOption(
      new Option('--timeout <duration>', 'how long each wait may take (pods to stop, etcd and the API server to serve)')
        .argParser(parseDuration)
        .default(DEFAULT_TIMEOUT_MS, '10m'),
    )
    .option('--no-wait-apiserver', 'end when etcd serves, without waiting for the API server')
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['text', 'json']).default('text'));
}

function collect(code: string, before: readonly string[] = []): readonly string[] {
  return [...before, code];
}

/** The request's common part. Throws CliError for a code that nothing has or that cannot be overridden. */
export async function readRestoreOptions(
  flags: RestoreFlags,
  environment: CliEnvironment,
): Promise<RestoreOnHostRequest> {
  const { OVERRIDABLE } = await import('../operations/index.ts');
  const { showPreview } = await import('./output/restore-words.ts');
  const overridable: readonly string[] = OVERRIDABLE;
  const wrong = flags.override?.find((code) => !overridable.includes(code));
  if (wrong !== undefined) {
    throw new CliError('CLI_OPTION_INVALID', `--override ${wrong}: that cannot be overridden`, {
      hint: `What can be: ${OVERRIDABLE.join(', ')}.`,
    });
  }
  return {
    layout: flags.layout,
    hostRoot: resolve(environment.workingFolder, flags.hostRoot),
    overrides: new Set(flags.override),
    timeoutMs: flags.timeout,
    waitApiServer: flags.waitApiserver,
    dryRun: flags.dryRun === true,
    confirm: async (preview: RestorePreview) => {
      if (flags.output === 'text') showPreview(preview, environment.stderr);
      if (flags.yes === true) return true;
      const answer = await environment.ask?.(
        preview.kind === 'roll-back' ? 'Roll back? Type yes: ' : 'Restore? Type yes: ',
      );
      return answer?.trim().toLowerCase() === 'yes';
    },
  };
}

/** What the verbs need, with each step told of as it goes. */
export async function setUpRestore(command: Command, environment: CliEnvironment): Promise<RestoreSurroundings> {
  const { restoreMember } = await import('../snapshot/index.ts');
  const surroundings = await setUp(command, environment);
  return {
    ...surroundings,
    restoreMember,
    onRecord: ({ kind, text }) => {
      if (text !== undefined && (kind === 'begin' || kind === 'undo')) surroundings.log.info(text);
    },
  };
}

/** Says what an interruption left, which the words for other commands do not fit. */
export async function tellOfInterruption<T>(environment: CliEnvironment, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (environment.signal.aborted) {
      environment.stderr.write(
        'If nothing ran with the new data yet, everything was put back. Otherwise the same command goes on, and --rollback takes it back.\n',
      );
    }
    throw error;
  }
}
