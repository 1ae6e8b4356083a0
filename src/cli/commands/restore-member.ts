import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { BumpChoice, RestoreMemberRequest } from '../../operations/index.ts';
import type { CliEnvironment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { addEtcdOptions, readEtcdOptions, type EtcdFlags } from '../etcd-options.ts';
import type { ExitReason } from '../exit-codes.ts';
import type { Schedule } from '../schedule.ts';
import { setUp } from '../setup.ts';

interface RestoreMemberFlags extends EtcdFlags {
  readonly dataDir: string;
  readonly walDir?: string;
  readonly name?: string;
  readonly initialCluster?: string;
  readonly initialClusterToken?: string;
  readonly initialAdvertisePeerUrls?: string;
  readonly etcdVersion?: string;
  readonly skipHashCheck?: true;
  readonly bumpRevision?: BumpChoice;
  readonly markCompacted?: true;
  readonly oldDataDir?: string;
  readonly revisionFile: string;
  readonly output: 'text' | 'json';
}

/** `holdfast restore member <backup>` */
export function defineRestoreMember(restore: Command, environment: CliEnvironment, schedule: Schedule): void {
  const command = restore
    .command('member')
    .description("make an etcd data directory from a backup, as 'etcdutl snapshot restore' does")
    .argument('<backup>', 'a backup, one of its files, any snapshot, or a folder of backups (its newest)')
    .requiredOption('--data-dir <folder>', 'the data directory to make; it must not exist, or be empty')
    .option('--wal-dir <folder>', 'where the write-ahead log goes, if not into the data directory')
    .option('--name <name>', "this member's name (default: default)")
    .option('--initial-cluster <list>', 'name=peer-url of every member (default: default=http://localhost:2380)')
    .option('--initial-cluster-token <token>', 'keeps clusters of the same names apart (default: etcd-cluster)')
    .option('--initial-advertise-peer-urls <list>', "this member's peer URLs (default: http://localhost:2380)")
    .option(
      '--etcd-version <version>',
      'the etcd that is to start from it (default: the release that wrote the snapshot)',
    )
    .option('--skip-hash-check', 'go on without the SHA-256 at the end of the snapshot, or in spite of it')
    .addOption(
      new Option(
        '--bump-revision <n>',
        'raise the revision by this much; auto: beyond all that clients can have seen; none',
      ).argParser(parseBump),
    )
    .option('--mark-compacted', 'tell watchers of older revisions that these are compacted; goes with --bump-revision')
    .option('--old-data-dir <folder>', "the cluster's old data directory: its revision counts for auto")
    .option(
      '--revision-file <file>',
      "OpenShift's record of the raft index: it counts for auto",
      '/var/lib/etcd/revision.json',
    );
  addEtcdOptions(command)
    .addOption(new Option('-o, --output <format>', 'what is printed').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      '\nWith --endpoints, members that still answer are asked for their revision; it counts for auto.',
    )
    .action((backup: string, flags: RestoreMemberFlags) => schedule(() => run(command, backup, flags, environment)));
}

async function run(
  command: Command,
  backup: string,
  flags: RestoreMemberFlags,
  environment: CliEnvironment,
): Promise<ExitReason> {
  const request = await readRequest(backup, flags, environment);
  const { restoreMemberFrom } = await import('../../operations/index.ts');
  const { showRestoredMember } = await import('../output/restore-member-words.ts');
  const report = await restoreMemberFrom(request, await setUp(command, environment));
  showRestoredMember(report, flags.output, environment);
  return 'ok';
}

async function readRequest(
  backup: string,
  flags: RestoreMemberFlags,
  environment: CliEnvironment,
): Promise<RestoreMemberRequest> {
  const place = (path: string): string => resolve(environment.workingFolder, path);
  refuseHalfABump(flags);
  return {
    path: place(backup),
    dataDir: place(flags.dataDir),
    walDir: flags.walDir === undefined ? undefined : place(flags.walDir),
    name: flags.name,
    initialCluster: flags.initialCluster,
    initialClusterToken: flags.initialClusterToken,
    initialAdvertisePeerUrls: flags.initialAdvertisePeerUrls,
    etcdVersion: flags.etcdVersion,
    skipHashCheck: flags.skipHashCheck === true,
    bump: flags.bumpRevision,
    oldDataDir: flags.oldDataDir === undefined ? undefined : place(flags.oldDataDir),
    revisionFile: place(flags.revisionFile),
    etcd: await readEtcdOptions(flags, environment),
  };
}

/** etcdutl wants both or neither: a raised revision without compaction would show clients a history that never was. */
function refuseHalfABump({ bumpRevision, markCompacted }: RestoreMemberFlags): void {
  const given = typeof bumpRevision === 'bigint';
  if (given === (markCompacted === true) || (bumpRevision === 'auto' && markCompacted === true)) return;
  throw new CliError('CLI_OPTIONS_CONFLICT', '--bump-revision <n> and --mark-compacted go together', {
    hint: 'Give both, or --bump-revision auto, which includes it, or --bump-revision none.',
  });
}

function parseBump(text: string): BumpChoice {
  if (text === 'auto' || text === 'none') return text;
  if (!/^[1-9]\d{0,17}$/.test(text)) throw new InvalidArgumentError('Expected auto, none, or a whole number above 0.');
  return BigInt(text);
}
