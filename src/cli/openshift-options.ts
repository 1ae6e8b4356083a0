import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError } from './errors.ts';
import type { OperatorRequest } from './fronts.ts';
import { parseCount, parseDuration } from './parse.ts';
import { parseObjectName } from './resource-options.ts';

/** The flags of `holdfast operator` that mean something on OpenShift alone, as commander hands them over. */
export interface OpenShiftFlags {
  readonly layout: string;
  readonly takeOver?: true;
  readonly freshHours?: number;
  readonly rolloutWait?: number;
  readonly beforeUpdate?: true;
  readonly beforeUpdateMaxAge?: number;
  readonly beforeUpdateKeep?: number;
  readonly beforeUpdateClaim?: string;
}

const MINUTE_MS = 60_000;
const DEFAULT_FRESH_HOURS = 24;
const MOST_FRESH_HOURS = 720;
const DEFAULT_ROLLOUT_WAIT_MS = 120 * MINUTE_MS;
const DEFAULT_KEEP = 3;
const DEFAULT_MAX_AGE_MS = 60 * MINUTE_MS;

/** Adds them. */
export function addOpenShiftOptions(command: Command): Command {
  return command
    .option('--take-over', 'OpenShift: work although the feature gate AutomatedEtcdBackup is on')
    .addOption(
      new Option(
        '--fresh-hours <hours>',
        `OpenShift: backups wait so long after the installation (default: ${DEFAULT_FRESH_HOURS})`,
      ).argParser(parseHours),
    )
    .addOption(
      new Option(
        '--rollout-wait <duration>',
        'OpenShift: backups wait so long for rollouts of the control plane; 0: not at all (default: 2h)',
      ).argParser(parseWait),
    )
    .option('--before-update', 'OpenShift: take a backup when an update begins')
    .addOption(
      new Option(
        '--before-update-max-age <duration>',
        'a good backup that is no older is enough (default: 1h)',
      ).argParser(parseDuration),
    )
    .addOption(
      new Option(
        '--before-update-keep <number>',
        `how many backups before updates stay (default: ${DEFAULT_KEEP})`,
      ).argParser(parseCount),
    )
    .addOption(
      new Option('--before-update-claim <name>', "the claim that they go to (default: the nodes' own disks)").argParser(
        parseObjectName,
      ),
    );
}

/** What they say; undefined for another layout. Throws CliError where they are given for another, or lack `--before-update`. */
export function readOpenShiftOptions(flags: OpenShiftFlags): OperatorRequest['openshift'] {
  const { takeOver, freshHours, rolloutWait, beforeUpdate, beforeUpdateMaxAge, beforeUpdateKeep, beforeUpdateClaim } =
    flags;
  const details = [beforeUpdateMaxAge, beforeUpdateKeep, beforeUpdateClaim];
  if (beforeUpdate === undefined && details.some((each) => each !== undefined))
    throw new CliError('CLI_OPTIONS_CONFLICT', '--before-update-… says more of --before-update, which is not given', {
      hint: 'Give --before-update as well.',
    });
  if (flags.layout === 'openshift')
    return {
      takeOver: takeOver === true,
      freshHours: freshHours ?? DEFAULT_FRESH_HOURS,
      rolloutWaitMs: rolloutWait ?? DEFAULT_ROLLOUT_WAIT_MS,
      beforeUpdate: beforeUpdate && {
        maxAgeMinutes: (beforeUpdateMaxAge ?? DEFAULT_MAX_AGE_MS) / MINUTE_MS,
        keep: beforeUpdateKeep ?? DEFAULT_KEEP,
        pvcName: beforeUpdateClaim ?? '',
      },
    };
  if ([takeOver, freshHours, rolloutWait, beforeUpdate].every((each) => each === undefined)) return undefined;
  throw new CliError('CLI_OPTIONS_CONFLICT', `options of OpenShift are given with --layout ${flags.layout}`, {
    hint: 'Give --layout openshift, or leave them out.',
  });
}

function parseWait(text: string): number {
  return text === '0' ? 0 : parseDuration(text);
}

function parseHours(text: string): number {
  const hours = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || hours > MOST_FRESH_HOURS)
    throw new InvalidArgumentError(`Expected a number of hours, 0 to ${MOST_FRESH_HOURS}.`);
  return hours;
}
