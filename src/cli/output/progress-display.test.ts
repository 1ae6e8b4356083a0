import { describe, expect, it } from 'vitest';
import type { Clock, Log } from '../../base/index.ts';
import { silentLog } from '../../base/index.ts';
import { createBarProgress, createLineProgress } from './progress-display.ts';

function handClock(): Clock & { advance(ms: number): void } {
  let ms = 0;
  return { now: () => new Date(ms), monotonicMs: () => ms, advance: (by) => void (ms += by) };
}

const MIB = 2 ** 20;

describe('progress on a terminal', () => {
  it('redraws one line with share, bytes, rate and time left, and clears it at the end', () => {
    const clock = handClock();
    const written: string[] = [];
    const stage = createBarProgress(
      { write: (text) => void written.push(text), isTTY: true, columns: 120 },
      clock,
    ).begin('snapshot', 100 * MIB);
    clock.advance(1000);
    stage.advance(25 * MIB);
    expect(written.join('')).toBe(
      '\r\u001b[2K[######..................] 25 %  25.0 MiB of 100.0 MiB  25.0 MiB/s  3 s left  snapshot',
    );
    stage.end();
    expect(written.at(-1)).toBe('\r\u001b[2K');
  });

  it('is not redrawn more than ten times a second, and says nothing of work that is over at once', () => {
    const clock = handClock();
    const written: string[] = [];
    const stage = createBarProgress(
      { write: (text) => void written.push(text), isTTY: true, columns: 80 },
      clock,
    ).begin('x', 100);
    for (let i = 0; i < 50; i++) stage.advance(1);
    stage.end();
    expect(written).toEqual([]);
  });
});

it('elsewhere progress is a plain line every five seconds', () => {
  const clock = handClock();
  const lines: string[] = [];
  const log: Log = { ...silentLog, info: (message) => void lines.push(message) };
  const stage = createLineProgress(log, clock).begin('snapshot from a:2379');
  for (let second = 0; second < 11; second++) {
    clock.advance(1000);
    stage.advance(MIB);
  }
  stage.end();
  expect(lines).toEqual(['snapshot from a:2379, 5.0 MiB, 1.0 MiB/s', 'snapshot from a:2379, 10.0 MiB, 1.0 MiB/s']);
});
