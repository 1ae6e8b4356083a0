import { runCommand, type CommandOptions, type CommandResult } from './run-command.ts';

/** Says where the program lies that was built for this run of the tests. */
export const PROGRAM_VARIABLE = 'HOLDFAST_TEST_PROGRAM';

/** Set where the build before the tests failed: to what it said. */
export const BUILD_FAILURE_VARIABLE = 'HOLDFAST_BUILD_FAILURE';

/** Runs the built program with these arguments and returns how it went; a failing run is no exception. */
export function holdfast(...args: readonly string[]): Promise<CommandResult> {
  return runHoldfast(args);
}

/** The same with a choice of environment, folder, input and time. */
export function runHoldfast(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runCommand(holdfastCommand(...args), options);
}

/** The command line of the built program, for tests that start it themselves. */
export function holdfastCommand(...args: readonly string[]): readonly string[] {
  const failure = process.env[BUILD_FAILURE_VARIABLE];
  if (failure !== undefined) throw new Error(`the build failed:\n${failure}`);
  const program = process.env[PROGRAM_VARIABLE];
  if (program === undefined) throw new Error(`${PROGRAM_VARIABLE} is not set; test/kit/global-setup.ts sets it`);
  return [process.execPath, program, ...args];
}
