// @ts-check

/** A failure that the user can do something about: what happened, and the next step. */
export class Failure extends Error {
  /**
   * @param {string} message what happened, and to what
   * @param {string} next what to do now
   * @param {{ cause?: unknown }} [options]
   */
  constructor(message, next, options) {
    super(message, options);
    this.name = 'Failure';
    this.next = next;
  }
}

/** Progress goes to standard error; standard output carries the answer. @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Prints a failure the way all of the scripts do, and sets the exit code.
 * @param {unknown} error
 */
export function reportFailure(error) {
  if (error instanceof Failure) say(`error: ${error.message}\n  next: ${error.next}`);
  else say(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exitCode = 1;
}
