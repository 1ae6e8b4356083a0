import { it } from 'vitest';
import { spring } from './month-instants.ts';
import { PATIENCE_MS } from './month-machine.ts';
import { liveThrough } from './month-zones.ts';

it(
  'a month in which three zones set their clocks: each run once, and after each what is to stay, to the byte',
  { timeout: PATIENCE_MS },
  async () => {
    await liveThrough(spring, ({ series }) => {
      if (series === 'tokyo') return { claim: 'tokyo', keep: { gigabytes: 1 } };
      // Four series in one volume.
      if (/berlin|new-york/.test(series)) return { claim: 'shared', keep: { number: series === 'berlin' ? 3 : 2 } };
      return { claim: series, keep: { number: 5 } };
    });
  },
);
