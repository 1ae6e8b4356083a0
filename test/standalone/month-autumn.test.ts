import { it } from 'vitest';
import { autumn } from './month-instants.ts';
import { PATIENCE_MS } from './month-machine.ts';
import { liveThrough } from './month-zones.ts';

it(
  'a month in which three zones set their clocks back or, in the south, forward: each run once, and what is to stay',
  { timeout: PATIENCE_MS },
  async () => {
    await liveThrough(autumn, ({ series }) => {
      if (series === 'tokyo') return { claim: 'tokyo', keep: { gigabytes: 2 } };
      if (/berlin|new-york/.test(series)) return { claim: 'shared', keep: { number: series === 'berlin' ? 3 : 2 } };
      return { claim: series, keep: { number: 4 } };
    });
  },
);
