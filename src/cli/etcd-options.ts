import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { messageOf, Secret } from '../base/index.ts';
import type { EtcdOverrides } from '../operations/index.ts';
import type { CliEnvironment } from './environment.ts';
import { CliError } from './errors.ts';

/** The flags that say how to reach etcd, as commander hands them over. */
export interface EtcdFlags {
  readonly endpoints?: string;
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly user?: string;
  readonly password?: string;
  readonly passwordFile?: string;
}

/** Adds etcdctl's own flags, by etcdctl's own names. */
export function addEtcdOptions(command: Command): Command {
  return command
    .option('--endpoints <list>', "etcd's addresses, separated by commas [ETCDCTL_ENDPOINTS]")
    .option('--cacert <file>', "the authority that etcd's certificates are verified with [ETCDCTL_CACERT]")
    .option('--cert <file>', 'the client certificate [ETCDCTL_CERT]')
    .option('--key <file>', "the client certificate's key [ETCDCTL_KEY]")
    .option('--user <name[:password]>', 'the etcd user [ETCDCTL_USER]')
    .option(
      '--password <password>',
      'its password; others can read it in the process list, so prefer --password-file [ETCDCTL_PASSWORD]',
    )
    .option('--password-file <file>', 'a file whose first line is the password; "-" reads it from standard input');
}

/** Flags first, then etcdctl's variables, then nothing: what is absent is found on the host. */
export async function readEtcdOptions(flags: EtcdFlags, environment: CliEnvironment): Promise<EtcdOverrides> {
  const { variables } = environment;
  const user = splitUser(flags.user ?? variables['ETCDCTL_USER']);
  const password = await readPassword(flags, environment);
  if (user === undefined && flags.password !== undefined) {
    throw new CliError('CLI_OPTIONS_CONFLICT', '--password is given without --user', {
      hint: 'Name the user with --user.',
    });
  }
  if (user !== undefined && user.password === undefined && password === undefined) {
    throw new CliError('CLI_OPTION_INVALID', `no password is given for the etcd user ${user.name}`, {
      hint: 'Give it with --password-file <file>, or in ETCDCTL_PASSWORD.',
    });
  }
  const secret = password ?? user?.password;
  return {
    endpoints: flags.endpoints ?? variables['ETCDCTL_ENDPOINTS'],
    cacert: flags.cacert ?? variables['ETCDCTL_CACERT'],
    cert: flags.cert ?? variables['ETCDCTL_CERT'],
    key: flags.key ?? variables['ETCDCTL_KEY'],
    login: user === undefined || secret === undefined ? undefined : { user: user.name, password: secret },
  };
}

function splitUser(
  text: string | undefined,
): { readonly name: string; readonly password: Secret | undefined } | undefined {
  if (text === undefined || text === '') return undefined;
  const colon = text.indexOf(':');
  if (colon < 0) return { name: text, password: undefined };
  return { name: text.slice(0, colon), password: new Secret(text.slice(colon + 1)) };
}

async function readPassword(flags: EtcdFlags, environment: CliEnvironment): Promise<Secret | undefined> {
  if (flags.passwordFile !== undefined) {
    if (flags.password !== undefined) {
      throw new CliError('CLI_OPTIONS_CONFLICT', '--password and --password-file are both given', {
        hint: 'Give one of them.',
      });
    }
    const text = await readPasswordFile(flags.passwordFile, environment);
    return new Secret(text.split(/\r?\n/, 1)[0] ?? '');
  }
  const given = flags.password ?? environment.variables['ETCDCTL_PASSWORD'];
  return given === undefined || given === '' ? undefined : new Secret(given);
}

async function readPasswordFile(path: string, environment: CliEnvironment): Promise<string> {
  if (path === '-') return environment.readStandardInput();
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError('CLI_PASSWORD_UNREADABLE', `the password file ${path} cannot be read: ${messageOf(error)}`, {
      subject: path,
      hint: 'Check the path and that this user may read it.',
      cause: error,
    });
  }
}
