import { spawn } from 'node:child_process';

/** Starts a run, sends it a signal when the moment has come, and gives back its exit code: null where the signal ended it. */
export async function interrupted(
  [program = '', ...args]: readonly string[],
  signal: NodeJS.Signals,
  moment: () => Promise<unknown>,
): Promise<number | null> {
  const child = spawn(program, args, { stdio: 'ignore' });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await Promise.race([moment(), ended]);
  child.kill(signal);
  return ended;
}
