import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import type { BackupRequest } from '../operations/index.ts';
import { CliError } from './errors.ts';

export interface ResourceFlags {
  readonly name?: string;
  readonly uid?: string;
  readonly series?: string;
  readonly reportFile?: string;
}

/** Kubernetes' names of objects (RFC 1123 subdomains). */
const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** The options by which a Job says for which custom resource it backs up. */
export function addResourceOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--name <name>',
        'the EtcdBackup that this is for: the files go to <folder>/backup-<name>-<timestamp>/',
      ).argParser(parseObjectName),
    )
    .option('--uid <uid>', 'its UID: where a good backup for it is there already, that one is reported instead')
    .addOption(
      new Option(
        '--series <name>',
        'the recurring Backup that it belongs to: retention counts the backups of this series alone',
      ).argParser(parseObjectName),
    )
    .option('--report-file <path>', 'write what became of it here, as JSON: the termination message of a pod');
}

/** What the options say; undefined where none is given. Throws CliError where one lacks `--name`. */
export function readResourceOptions({ name, uid, series }: ResourceFlags): BackupRequest['resource'] {
  if (name !== undefined) return { name, uid, series };
  if (uid === undefined && series === undefined) return undefined;
  throw new CliError('CLI_OPTIONS_CONFLICT', '--uid and --series say more of a backup that --name names', {
    hint: 'Give --name as well.',
  });
}

export function parseObjectName(text: string): string {
  if (OBJECT_NAME.test(text)) return text;
  throw new CliError('CLI_OPTION_INVALID', `${JSON.stringify(text)} is not the name of a Kubernetes object`, {
    hint: 'Use lower-case letters, digits, - and ., beginning and ending with a letter or digit.',
  });
}

export function reportPath({ reportFile }: ResourceFlags, workingFolder: string): string | undefined {
  return reportFile === undefined ? undefined : resolve(workingFolder, reportFile);
}
