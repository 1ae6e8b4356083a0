/**
 * Headers of tar archives, as POSIX ustar with pax extensions writes them and as GNU tar reads and writes them (IEEE Std
 * 1003.1 "pax"; GNU tar manual, "Basic Tar Format").
 *
 * Our own codec, because an archive of a control plane needs what stream libraries leave out: owners above 2097151, an end
 * mark that must be there, and strictness about everything that restoring depends on.
 */
export const BLOCK = 512;

/** What the type flag of a header says. `unknown` covers devices of vendors, sparse files, volume labels and the like. */
export type TarType =
  | 'file'
  | 'hard-link'
  | 'symlink'
  | 'character-device'
  | 'block-device'
  | 'folder'
  | 'fifo'
  | 'pax'
  | 'pax-global'
  | 'gnu-long-name'
  | 'gnu-long-link'
  | 'unknown';

const TYPE_BY_FLAG: Readonly<Record<string, TarType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hard-link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'folder',
  '6': 'fifo',
  '7': 'file',
  x: 'pax',
  g: 'pax-global',
  L: 'gnu-long-name',
  K: 'gnu-long-link',
};

const FLAG_BY_TYPE = { file: '0', 'hard-link': '1', symlink: '2', folder: '5', pax: 'x' } as const;

export interface TarHeader {
  readonly name: string;
  readonly type: TarType;
  /** Permission bits with set-user-id, set-group-id and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content that follow. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** The target of a link; empty for everything else. */
  readonly linkName: string;
}

/** What {@link encodeHeader} can write. */
export type WritableHeader = TarHeader & { readonly type: 'file' | 'hard-link' | 'symlink' | 'folder' };

/** Why a block is not a header. */
export class TarFormatError extends Error {}

/** The blocks that stand before an entry's content: a pax header where ustar's fields are too small, then the header itself. */
export function encodeHeader(header: WritableHeader): Buffer {
  const fields = { ...header, name: header.type === 'folder' ? `${header.name.replace(/\/+$/, '')}/` : header.name };
  const pax: (readonly [string, string])[] = [];
  const name = splitName(fields.name);
  if (name === undefined) pax.push(['path', fields.name]);
  if (!fitsText(fields.linkName, 100)) pax.push(['linkpath', fields.linkName]);
  for (const key of ['uid', 'gid'] as const) if (!fitsOctal(fields[key], 7)) pax.push([key, String(fields[key])]);
  for (const key of ['size', 'mtime'] as const) if (!fitsOctal(fields[key], 11)) pax.push([key, String(fields[key])]);
  const main = encodeUstar(fields, name ?? { prefix: '', name: shortened(fields.name) }, FLAG_BY_TYPE[header.type]);
  if (pax.length === 0) return main;
  const records = encodePax(pax);
  const carrier = { ...fields, mode: 0o644, size: records.length, linkName: '' };
  const extended = encodeUstar(carrier, { prefix: '', name: shortened(`PaxHeaders/${fields.name}`) }, FLAG_BY_TYPE.pax);
  return Buffer.concat([extended, records, Buffer.alloc(paddingOf(records.length)), main]);
}

/** How many zero bytes follow a content of `size` bytes. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function encodeUstar(
  header: Omit<TarHeader, 'type' | 'name'>,
  name: { readonly prefix: string; readonly name: string },
  flag: string,
): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number, at: number): void => {
    // A value that does not fit is written as 0 and stands in the pax header.
    block.write(`${(fitsOctal(value, digits) ? value : 0).toString(8).padStart(digits, '0')}\0`, at, 'latin1');
  };
  block.write(name.name, 0, 'utf8');
  octal(header.mode & 0o7777, 7, 100);
  octal(header.uid, 7, 108);
  octal(header.gid, 7, 116);
  octal(header.size, 11, 124);
  octal(header.mtime, 11, 136);
  block.write(flag, 156, 'latin1');
  block.write(fitsText(header.linkName, 100) ? header.linkName : shortened(header.linkName), 157, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  octal(0, 7, 329);
  octal(0, 7, 337);
  block.write(name.prefix, 345, 'utf8');
  block.write(`${sums(block).unsigned.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** ustar's 100 bytes of name and 155 of prefix, cut at a slash; undefined where pax has to carry the name. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (fitsText(name, 100)) return { prefix: '', name };
  if (!isAscii(name)) return undefined;
  const cut = name.lastIndexOf('/', Math.min(155, name.length - 2));
  const rest = name.slice(cut + 1);
  return cut > 0 && rest.length <= 100 ? { prefix: name.slice(0, cut), name: rest } : undefined;
}

/** POSIX promises nothing about bytes above 127 in a header; pax records are UTF-8. */
function fitsText(text: string, bytes: number): boolean {
  return isAscii(text) && text.length <= bytes;
}

function isAscii(text: string): boolean {
  return /^[\x01-\x7f]*$/.test(text);
}

function fitsOctal(value: number, digits: number): boolean {
  return value >= 0 && value < 8 ** digits;
}

/** For readers without pax: something recognisable. Readers with pax never see it. */
function shortened(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '_').slice(-99);
}

/** Records of the form `<length> <key>=<value>\n`, where the length counts itself. */
export function encodePax(records: readonly (readonly [string, string])[]): Buffer {
  return Buffer.concat(
    records.map(([key, value]) => {
      const body = Buffer.from(` ${key}=${value}\n`);
      let length = body.length + String(body.length).length;
      if (body.length + String(length).length !== length) length = body.length + String(length).length;
      return Buffer.concat([Buffer.from(String(length)), body]);
    }),
  );
}

/** @throws TarFormatError */
export function decodePax(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? '' : bytes.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = bytes.indexOf(0x3d, space);
    const isWhole = /^[1-9]\d{0,8}$/.test(digits) && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!isWhole || equals < 0 || equals >= end) throw new TarFormatError('an extended header has a malformed record');
    records.set(bytes.toString('utf8', space + 1, equals), bytes.toString('utf8', equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** True for a block of zeros; two of them end an archive. */
export function isZeroBlock(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** @throws TarFormatError where the checksum is wrong or a field is not a number */
export function decodeHeader(block: Buffer): TarHeader {
  const { unsigned, signed } = sums(block);
  const stored = decodeNumber(block, 148, 8);
  // Old writers summed signed bytes; GNU tar takes both.
  if (stored !== unsigned && stored !== signed) throw new TarFormatError('the checksum of a header is wrong');
  const name = decodeText(block, 0, 100);
  // GNU's own format keeps times where ustar keeps the prefix.
  const hasPrefix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = hasPrefix ? decodeText(block, 345, 155) : '';
  const flag = TYPE_BY_FLAG[block.toString('latin1', 156, 157)] ?? 'unknown';
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: flag === 'file' && name.endsWith('/') ? 'folder' : flag,
    mode: decodeNumber(block, 100, 8) & 0o7777,
    uid: decodeNumber(block, 108, 8),
    gid: decodeNumber(block, 116, 8),
    size: decodeNumber(block, 124, 12),
    mtime: decodeNumber(block, 136, 12),
    linkName: decodeText(block, 157, 100),
  };
}

/** The sum of a header's bytes with its checksum field taken as spaces. */
function sums(block: Buffer): { readonly unsigned: number; readonly signed: number } {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let at = 0; at < BLOCK; at++) {
    if (at >= 148 && at < 156) continue;
    unsigned += block.readUInt8(at);
    signed += block.readInt8(at);
  }
  return { unsigned, signed };
}

function decodeText(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal digits, or GNU's base-256 with the top bit set: two's complement, most significant byte first. */
function decodeNumber(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  const first = field.readUInt8(0);
  if (first === 0x80 || first === 0xff) {
    let value = first === 0xff ? -1n : 0n;
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new TarFormatError('a number in a header is out of range');
    return number;
  }
  const digits = field
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (!/^[0-7]*$/.test(digits)) throw new TarFormatError('a field of a header is not a number');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
