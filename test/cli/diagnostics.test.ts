import { describe, expect, it } from 'vitest';
import { holdfast, temporaryFolder } from '../kit/index.ts';

describe('diagnostics as JSON', () => {
  it('are one document a line on standard error, errors with their code, hint and findings', async () => {
    const folder = await temporaryFolder();
    const run = await holdfast(
      '--log-format',
      'json',
      'backup',
      folder,
      '--host-root',
      folder,
      '--endpoints',
      '127.0.0.1:1',
    );
    expect(run.code).toBe(4);
    const lines = run.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      code: 'ETCD_CONNECTION_REFUSED',
      kind: 'transient',
      hint: expect.any(String) as string,
    });
  });

  it('hold the log lines too, with time and level', async () => {
    const folder = await temporaryFolder();
    const run = await holdfast('--log-format', 'json', '--log-level', 'debug', 'list', folder);
    expect(run.code, run.stderr).toBe(0);
  });
});

describe('the command line', () => {
  it('without a command, or with one that is not there, ends with 2 and the help at hand', async () => {
    const unknown = await holdfast('bakcup', 'x');
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('backup');
    const both = await holdfast('prune', '.', '--retain-number', '1', '--retain-size-gb', '1');
    expect(both.code).toBe(2);
    expect((await holdfast('prune', '.')).code).toBe(2);
  });

  it('answers --help and --version on standard output', async () => {
    const help = await holdfast('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect((await holdfast('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('goes on quietly when its reader goes away', async () => {
    const folder = await temporaryFolder();
    expect((await holdfast('list', folder, '-o', 'json')).code).toBe(0);
  });
});
