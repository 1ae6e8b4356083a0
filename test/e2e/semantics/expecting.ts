import { expect } from 'vitest';

/*
 * Matchers for parts of objects, typed so that what is expected stays checked.
 */

/** A text that holds another. */
export function saying(text: string): unknown {
  return expect.stringContaining(text);
}

/** A text of a certain form. */
export function like(form: RegExp): unknown {
  return expect.stringMatching(form);
}

/** A list that holds these elements, in any order. */
export function including(elements: readonly unknown[]): unknown {
  return expect.arrayContaining([...elements]);
}
