import type { ExitReason } from './exit-codes.ts';

/** What a command's action gives back: how it ended. Failures are thrown. */
export type CommandAction = () => Promise<ExitReason>;

/** Lets a command's definition say what is to be run, without running it while the command line is still being read. */
export type Schedule = (action: CommandAction) => void;
