import { describe, expect, it } from 'vitest';
import { ManualTime } from '../../test/kit/manual-time.ts';
import { Patience } from './patience.ts';

describe('Patience', () => {
  const begin = (): { time: ManualTime; patience: Patience } => {
    const time = new ManualTime(new Date('2026-11-22T15:44:00Z'));
    return { time, patience: new Patience(time) };
  };

  it('counts from when something was first seen, for each thing apart', () => {
    const { time, patience } = begin();
    expect(patience.waited('a')).toBe(0);
    time.advance(40_000);
    expect(patience.waited('a')).toBe(40_000);
    expect(patience.waited('b')).toBe(0);
    time.advance(40_000);
    expect(patience.waited('a')).toBe(80_000);
  });

  it('begins anew after an end, and after a minute in which nobody looked', () => {
    const { time, patience } = begin();
    patience.waited('a');
    patience.waited('b');
    time.advance(30_000);
    patience.end('a');
    expect(patience.waited('a')).toBe(0);
    time.advance(60_001);
    expect(patience.waited('b')).toBe(0);
  });
});
