import { describe, expect, it } from 'vitest';
import { HoldfastError, type ErrorRow } from '../../src/base/index.ts';
import { exitCodes, exitReasonOf } from '../../src/cli/index.ts';
import { expectBlock, markdownTable } from './document.ts';
import { codeTables } from './tables.ts';

class AnyError extends HoldfastError {
  constructor(code: string, row: ErrorRow) {
    super(row, code, code, { hint: '' });
  }
}

function exitCodeOf(code: string, row: ErrorRow): string {
  return String(exitCodes[exitReasonOf(new AnyError(code, row))].code);
}

describe('docs/errors.md', () => {
  it('lists every error code of the code, with its kind and exit code, and no other', async () => {
    const sections = (await codeTables())
      .filter(({ errors }) => Object.keys(errors).length > 0)
      .map(({ folder, errors }) => {
        const rows = Object.entries(errors).map(([code, row]) => [
          `\`${code}\``,
          row.meaning,
          row.kind,
          exitCodeOf(code, row),
        ]);
        return `\n### \`src/${folder}\`\n\n${markdownTable(['code', 'meaning', 'kind', 'exit code'], rows)}`;
      });
    await expectBlock('docs/errors.md', 'errors', `${sections.join('')}\n`);
  });

  it('lists every finding code of the code, and no other', async () => {
    const sections = (await codeTables())
      .filter(({ findings }) => Object.keys(findings).length > 0)
      .map(({ folder, findings }) => {
        const rows = Object.entries(findings).map(([code, meaning]) => [`\`${code}\``, meaning]);
        return `\n### Findings of \`src/${folder}\`\n\n${markdownTable(['code', 'meaning'], rows)}`;
      });
    await expectBlock('docs/errors.md', 'findings', `${sections.join('')}\n`);
  });

  it('finds tables at all, and each code in one of them only', async () => {
    const codes = (await codeTables()).flatMap(({ errors, findings }) => [
      ...Object.keys(errors),
      ...Object.keys(findings),
    ]);
    expect(codes).toContain('STORE_LOCKED');
    expect(codes).toContain('SNAPSHOT_HASH_MISMATCH');
    expect(codes).toContain('PROTOBUF_MALFORMED');
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });
});
