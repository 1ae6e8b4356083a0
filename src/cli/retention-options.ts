import { Option, type Command } from 'commander';
import { BYTES_PER_GB, type RetentionPolicy } from '../retention/index.ts';
import { CliError } from './errors.ts';
import { parseCount, parseGigabytes } from './parse.ts';

export interface RetentionFlags {
  readonly retainNumber?: number;
  readonly retainSizeGb?: number;
}

/** Adds the two retention flags, of which at most one may be given. */
export function addRetentionOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--retain-number <n>', 'keep the n newest good backups')
        .argParser(parseCount)
        .conflicts('retainSizeGb'),
    )
    .addOption(
      new Option('--retain-size-gb <g>', 'keep the newest backups that sum to at most g GiB').argParser(parseGigabytes),
    );
}

/** The policy that the flags name, or undefined where none is given. */
export function readRetentionPolicy(flags: RetentionFlags): RetentionPolicy | undefined {
  if (flags.retainNumber !== undefined) return { kind: 'number', maxBackups: flags.retainNumber };
  if (flags.retainSizeGb !== undefined)
    return { kind: 'size', maxBytes: Math.floor(flags.retainSizeGb * BYTES_PER_GB) };
  return undefined;
}

export function requireRetentionPolicy(flags: RetentionFlags): RetentionPolicy {
  const policy = readRetentionPolicy(flags);
  if (policy !== undefined) return policy;
  throw new CliError('CLI_OPTIONS_CONFLICT', 'no retention is given', {
    hint: 'Give --retain-number <n> or --retain-size-gb <g>; add --dry-run to see first what would be removed.',
  });
}
