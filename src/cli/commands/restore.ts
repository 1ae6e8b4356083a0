import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.ts';
import type { Schedule } from '../schedule.ts';
import { defineRestoreHost } from './restore-host.ts';
import { defineRestoreMember } from './restore-member.ts';
import { defineRestoreQuorum } from './restore-quorum.ts';

/** `holdfast restore …`: one command for each thing that can be brought back. */
export function defineRestore(program: Command, environment: CliEnvironment, schedule: Schedule): void {
  const restore = program.command('restore').description('bring back a member, or a control-plane host, from a backup');
  defineRestoreMember(restore, environment, schedule);
  defineRestoreHost(restore, environment, schedule);
  defineRestoreQuorum(restore, environment, schedule);
}
