import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BLOCK,
  decodeHeader,
  decodePax,
  encodeHeader,
  encodePax,
  isZeroBlock,
  paddingOf,
  TarFormatError,
  type WritableHeader,
} from './tar-format.ts';
import { TarReader, TarTrailingDataError, TarTruncatedError } from './tar-reader.ts';

const FOLDER: WritableHeader = {
  name: 'a/b',
  type: 'folder',
  mode: 0o1755,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 1,
  linkName: '',
};
const END = Buffer.alloc(2 * BLOCK);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function readAll(bytes: Buffer, pieces = 1000): Promise<unknown[]> {
  const reader = new TarReader(inPieces(bytes, pieces));
  const entries: unknown[] = [];
  for (let header = await reader.next(); header; header = await reader.next()) {
    const content: Buffer[] = [];
    await reader.content(header, (piece) => content.push(piece));
    entries.push([header, Buffer.concat(content).toString('latin1')]);
  }
  return entries;
}

describe('a tar header', () => {
  const segment = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
    .filter((text) => /^[^/\0]+$/.test(text) && text !== '.');
  const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'));
  const header = fc.record({
    name: path,
    type: fc.constantFrom('file' as const, 'symlink' as const, 'hard-link' as const, 'folder' as const),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    gid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    mtime: fc.integer({ min: -1000, max: 2 ** 40 }),
    linkName: path,
  });

  it('comes back as it was written, whatever names, owners and times, one byte or many at a time', async () => {
    await fc.assert(
      fc.asyncProperty(header, fc.constantFrom(1, 7, 512, 4096), async (given, pieces) => {
        const linkName = given.type === 'symlink' || given.type === 'hard-link' ? given.linkName : '';
        const size = given.type === 'file' ? 5 : 0;
        const content =
          size === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from('hello'), Buffer.alloc(paddingOf(5))]);
        const entries = await readAll(
          Buffer.concat([encodeHeader({ ...given, linkName, size }), content, END]),
          pieces,
        );
        const name = given.type === 'folder' ? `${given.name}/` : given.name;
        expect(entries).toEqual([[{ ...given, name, linkName, size }, size === 0 ? '' : 'hello']]);
      }),
    );
  });

  it('carries sizes beyond the 8 GiB of an octal field', async () => {
    const size = 3 * 2 ** 40;
    const reader = new TarReader(inPieces(encodeHeader({ ...FOLDER, type: 'file', size }), 512));
    expect(await reader.next()).toMatchObject({ size });
  });

  it("reads GNU tar's base-256 numbers", () => {
    const block = encodeHeader({ ...FOLDER, uid: 0 });
    Buffer.from('80000000ffff0001', 'hex').copy(block, 108);
    let sum = 8 * 0x20;
    for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block.readUInt8(at);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(decodeHeader(block).uid).toBe(0xffff0001);
  });

  it('is refused where any one byte of it was changed', () => {
    const block = encodeHeader(FOLDER);
    fc.assert(
      fc.property(fc.nat(BLOCK - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = Buffer.from(block);
        damaged.writeUInt8(damaged.readUInt8(at) ^ flip, at);
        // The last two bytes of the checksum are a filler that readers do not look at.
        if (at === 154 || at === 155) return;
        expect(() => decodeHeader(damaged)).toThrow(TarFormatError);
      }),
    );
  });

  it('is zeros only at the end of an archive', () => {
    expect(isZeroBlock(Buffer.alloc(BLOCK))).toBe(true);
    expect(isZeroBlock(encodeHeader(FOLDER))).toBe(false);
  });
});

describe('pax records', () => {
  it('count their own length, also where the count itself adds a digit', () => {
    for (let length = 0; length < 120; length++) {
      const value = 'x'.repeat(length);
      expect(
        decodePax(
          encodePax([
            ['path', value],
            ['b', 'é=\n'],
          ]),
        ).get('path'),
      ).toBe(value);
    }
  });

  it.each(['5 a=b', '6 a=b\n7', '0 a=b\n', '99 a=b\n', 'x a=b\n', '6 aab\n', '-6 a=b\n'])(
    'are refused where they are malformed: %j',
    (text) => {
      expect(() => decodePax(Buffer.from(text))).toThrow(TarFormatError);
    },
  );
});

describe('the reader of an archive', () => {
  const one = encodeHeader(FOLDER);

  it('wants the end mark: two blocks of zeros, and zeros behind it', async () => {
    await expect(readAll(one)).rejects.toBeInstanceOf(TarTruncatedError);
    await expect(readAll(Buffer.concat([one, Buffer.alloc(BLOCK)]))).rejects.toBeInstanceOf(TarTruncatedError);
    await expect(readAll(Buffer.concat([one, Buffer.alloc(BLOCK), one, END]))).rejects.toBeInstanceOf(TarFormatError);
    await expect(readAll(Buffer.concat([one, END, one]))).rejects.toBeInstanceOf(TarTrailingDataError);
    await expect(readAll(Buffer.concat([one, END, Buffer.alloc(9000)]))).resolves.toHaveLength(1);
  });

  it('reports a cut at any place', async () => {
    const file = encodeHeader({ ...FOLDER, type: 'file', size: 700 });
    const whole = Buffer.concat([one, file, Buffer.alloc(1024, 1), END]);
    for (let length = 0; length < whole.length; length += 101) {
      await expect(readAll(whole.subarray(0, length)), `${length}`).rejects.toBeInstanceOf(TarTruncatedError);
    }
  });

  it('refuses an extended header that claims more than a megabyte, and a link with content', async () => {
    const huge = encodeHeader({ ...FOLDER, type: 'file', size: 2 ** 30 });
    huge.write('x', 156, 'latin1');
    const sum = [...huge].reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
    huge.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await expect(readAll(huge)).rejects.toThrow(/1073741824 bytes/);
    await expect(readAll(encodeHeader({ ...FOLDER, type: 'symlink', size: 1 }))).rejects.toThrow(/claims content/);
  });
});
