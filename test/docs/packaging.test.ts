import { beforeAll, describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/cli/parse.ts';
import { allHelp, type CommandHelp } from './command-help.ts';
import { read } from './document.ts';

const UNIT = 'packaging/systemd/holdfast-standalone.service';
const SETTINGS = 'packaging/systemd/standalone.env';

/** The lines `key=value` of a unit or of its settings, remarks left out. */
function assignments(text: string): readonly (readonly [key: string, value: string])[] {
  return [...text.matchAll(/^([A-Za-z_]+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]);
}

function flagsIn(text: string): readonly string[] {
  return text.match(/(?<=^|\s)--[a-z][a-z-]*/g) ?? [];
}

describe(UNIT, () => {
  let unit: readonly (readonly [key: string, value: string])[];
  let command: CommandHelp | undefined;
  beforeAll(async () => {
    unit = assignments(await read(UNIT));
    command = (await allHelp()).find(({ name }) => name === 'holdfast standalone');
  });
  const valueOf = (key: string): string => unit.find(([name]) => name === key)?.[1] ?? '';

  it('starts a command that there is, with flags that it has', () => {
    expect(valueOf('ExecStart')).toMatch(/^\/usr\/local\/bin\/holdfast standalone /);
    const flags = flagsIn(valueOf('ExecStart'));
    expect(flags).toContain('--enable-backups');
    expect(flags.filter((flag) => command?.flags.has(flag) !== true)).toEqual([]);
  });

  it('shows settings with flags that the command has, under the name that the unit reads', async () => {
    expect(valueOf('EnvironmentFile')).toBe('-/etc/holdfast/standalone.env');
    const text = await read(SETTINGS);
    const named = [...assignments(text.replaceAll(/^#(?=[A-Z])/gm, ''))].filter(([key]) => key !== 'PATH');
    expect(new Set(named.map(([key]) => `$${key}`))).toEqual(new Set([valueOf('ExecStart').split(' ').at(-1)]));
    const flags = named.flatMap(([, value]) => flagsIn(value));
    expect(flags).toContain('--endpoints');
    expect(flags.filter((flag) => command?.flags.has(flag) !== true)).toEqual([]);
  });

  it('gives running backups longer to finish than the command itself does', () => {
    const grace = /--grace (\S+)/.exec(valueOf('ExecStart'))?.[1] ?? '';
    const stop = /^(\d+)min$/.exec(valueOf('TimeoutStopSec'))?.[1];
    expect(Number(stop) * 60_000).toBeGreaterThan(parseDuration(grace));
    expect(valueOf('KillMode')).toBe('mixed');
  });

  it('lets Node compile, and backups write wherever a volume lies', () => {
    const keys = unit.map(([key]) => key);
    for (const harmful of ['MemoryDenyWriteExecute', 'ProtectHome', 'ProtectProc', 'RuntimeDirectory', 'User'])
      expect(keys).not.toContain(harmful);
    expect(valueOf('ProtectSystem')).toBe('full');
    expect(valueOf('RestrictAddressFamilies').split(' ')).toContain('AF_NETLINK');
  });
});

describe('packaging/prometheus/holdfast.rules.yaml', () => {
  it('asks for metrics that there are', async () => {
    const named = (await read('packaging/prometheus/holdfast.rules.yaml')).match(/\bholdfast_backup_\w+/g) ?? [];
    const metrics = await read('src/operator/metrics.ts');
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !metrics.includes(`  ${name}: {`))).toEqual([]);
  });
});
