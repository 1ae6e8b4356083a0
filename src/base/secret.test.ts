import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { Secret } from './secret.ts';

it('a secret shows its value only when it is asked to reveal it', () => {
  const secret = new Secret('hunter2');
  const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }), secret.toString()].join();
  expect(shown).not.toContain('hunter2');
  expect(secret.reveal()).toBe('hunter2');
});
