import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/cli/index.ts';
import { allHelp, type CommandHelp } from './command-help.ts';
import { blockNames, expectBlock, markdownTable, projectFiles, provideBlock, read } from './document.ts';

const PAGE = 'docs/cli.md';

describe('docs/cli.md', () => {
  it('shows the help of every command as the program prints it', async () => {
    let after = '';
    for (const { name, text } of await allHelp()) {
      const path = name.split(' ').slice(1);
      const heading = `${'#'.repeat(path.length + 2)} ${path.join(' ')}`;
      await provideBlock(PAGE, `${name} --help`, { after, heading });
      await expectBlock(PAGE, `${name} --help`, `\n\`\`\`text\n${text}\`\`\`\n\n`);
      after = `${name} --help`;
    }
  });

  it('shows no command that there is not', async () => {
    const known = (await allHelp()).map(({ name }) => `${name} --help`);
    expect(blockNames(await read(PAGE)).filter((name) => name.endsWith('--help'))).toEqual(known);
  });

  it('lists the exit codes', async () => {
    const rows = Object.entries(exitCodes).map(([reason, { code, meaning }]) => [
      String(code),
      `\`${reason}\``,
      meaning,
    ]);
    await expectBlock(PAGE, 'exit codes', `\n${markdownTable(['code', 'reason', 'meaning'], rows)}\n`);
  });
});

/** The text of every example of a `holdfast` command line, up to the end of its line or code. */
function examplesIn(text: string): readonly string[] {
  return [...text.matchAll(/(?<![\w./-])holdfast (?=[a-z-])[^\n`|#>]*/g)].map((match) => match[0]);
}

function commandOf(example: string, commands: readonly CommandHelp[]): CommandHelp | undefined {
  return commands
    .filter(({ name }) => `${example} `.startsWith(`${name} `))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

describe('every document', () => {
  it('uses only flags that the command has', async () => {
    const commands = await allHelp();
    const global = commands[0]?.flags ?? new Set<string>();
    const wrong: string[] = [];
    for (const path of (await projectFiles()).filter((name) => name.endsWith('.md')))
      for (const example of examplesIn(await read(path))) {
        const command = commandOf(example, commands);
        for (const [flag] of example.matchAll(/(?<=\s)--[a-z-]+/g))
          if (command?.flags.has(flag) !== true && !global.has(flag))
            wrong.push(`${path}: ${flag} in "${example.trim()}"`);
      }
    expect(wrong).toEqual([]);
  });

  it('reads the flags of a help text', async () => {
    const flags = (await allHelp()).find(({ name }) => name === 'holdfast prune')?.flags;
    expect([...(flags ?? [])]).toEqual(
      expect.arrayContaining(['--retain-number', '--dry-run', '-o', '--output', '-h', '--help']),
    );
  });
});
