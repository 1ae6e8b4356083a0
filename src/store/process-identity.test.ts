import { describe, expect, it } from 'vitest';
import { isAlive, ownIdentity, parseStat } from './process-identity.ts';

describe('a line of /proc/pid/stat', () => {
  const rest = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21';

  it('gives the state and the start time, whatever the command is called', () => {
    for (const command of ['node', 'a b', ') R 1 (', '((', 'x) Z 9'])
      expect(parseStat(`42 (${command}) S ${rest}`)).toEqual({ state: 'S', startTicks: '4711' });
  });

  it.each(['', '42', '42 (node) S 1 2', '42 (node) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x'])(
    'is refused when it is %j',
    (line) => {
      expect(parseStat(line)).toBeUndefined();
    },
  );
});

describe('this process', () => {
  it('knows itself alive', async () => {
    const own = await ownIdentity();
    expect(own.pid).toBe(process.pid);
    expect(await isAlive(own, own)).toBe('alive');
  });

  it('cannot tell of a process in another boot on another machine', async () => {
    const own = await ownIdentity();
    expect(await isAlive({ pid: 1, host: own.host }, own)).toBe('unknown');
    expect(await isAlive({ ...own, bootId: 'x', machineId: undefined }, own)).toBe('unknown');
  });
});
