import {
  BLOCK,
  decodeHeader,
  decodePax,
  isZeroBlock,
  paddingOf,
  TarFormatError,
  type TarHeader,
} from './tar-format.ts';

/** The stream ended where more of the archive had to follow. */
export class TarTruncatedError extends Error {}

/** Bytes other than zeros stand behind the end mark. */
export class TarTrailingDataError extends Error {}

/** Long names and pax records are small; whoever writes larger ones wants our memory. */
const MAX_EXTENSION = 1024 * 1024;

/** Reads one archive, entry by entry, from bytes that arrive in pieces of any size. */
export class TarReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #buffered: Buffer = Buffer.alloc(0);
  #global: ReadonlyMap<string, string> = new Map();
  /** Of the current entry's content and padding. */
  #unread = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /**
   * The next entry's header, with what extended headers say about it; undefined at the end mark. Content that was not read is
   * skipped.
   *
   * @throws TarFormatError, TarTruncatedError, TarTrailingDataError, and whatever the source throws
   */
  async next(): Promise<TarHeader | undefined> {
    await this.#skip(this.#unread);
    this.#unread = 0;
    let own: ReadonlyMap<string, string> = new Map();
    let longName: string | undefined;
    let longLink: string | undefined;
    for (;;) {
      const block = await this.#take(BLOCK);
      if (isZeroBlock(block)) {
        await this.#expectEnd();
        return undefined;
      }
      const header = decodeHeader(block);
      if (header.type === 'pax') own = decodePax(await this.#extension(header));
      else if (header.type === 'pax-global') this.#global = decodePax(await this.#extension(header));
      else if (header.type === 'gnu-long-name') longName = textOf(await this.#extension(header));
      else if (header.type === 'gnu-long-link') longLink = textOf(await this.#extension(header));
      else {
        const named = { ...header, name: longName ?? header.name, linkName: longLink ?? header.linkName };
        const entry = extended(named, new Map([...this.#global, ...own]));
        this.#unread = sizeOf(entry) + paddingOf(sizeOf(entry));
        return entry;
      }
    }
  }

  /** Hands over the current entry's content piece by piece, to its end. */
  async content(header: TarHeader, each: (bytes: Buffer) => void): Promise<void> {
    let left = header.size;
    while (left > 0) {
      const piece = await this.#some(left);
      left -= piece.length;
      this.#unread -= piece.length;
      each(piece);
    }
  }

  async #extension(header: TarHeader): Promise<Buffer> {
    if (header.size < 0 || header.size > MAX_EXTENSION) {
      throw new TarFormatError(`an extended header claims ${header.size} bytes`);
    }
    const bytes = await this.#take(header.size);
    await this.#skip(paddingOf(header.size));
    return bytes;
  }

  /** Behind the first block of zeros: a second one, then nothing but zeros (GNU tar fills up to 10,240 bytes). */
  async #expectEnd(): Promise<void> {
    if (!isZeroBlock(await this.#take(BLOCK)))
      throw new TarFormatError('a single block of zeros stands between entries');
    do {
      if (this.#buffered.some((byte) => byte !== 0)) throw new TarTrailingDataError('data follows the end mark');
      this.#buffered = Buffer.alloc(0);
    } while (await this.#fill());
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#buffered = Buffer.concat([this.#buffered, next.value]);
    return true;
  }

  /** Exactly `length` bytes: for headers, which are small. */
  async #take(length: number): Promise<Buffer> {
    while (this.#buffered.length < length) {
      if (!(await this.#fill())) throw new TarTruncatedError('the archive ends before its end mark');
    }
    const taken = this.#buffered.subarray(0, length);
    this.#buffered = this.#buffered.subarray(length);
    return taken;
  }

  /** At least one and at most `limit` bytes. */
  async #some(limit: number): Promise<Buffer> {
    while (this.#buffered.length === 0) {
      if (!(await this.#fill())) throw new TarTruncatedError('the archive ends inside an entry');
    }
    const length = Math.min(limit, this.#buffered.length);
    return this.#take(length);
  }

  async #skip(length: number): Promise<void> {
    for (let left = length; left > 0;) left -= (await this.#some(left)).length;
  }
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** A header with a pax header's values in place of its own. */
function extended(header: TarHeader, pax: ReadonlyMap<string, string>): TarHeader {
  const number = (key: string, own: number): number => {
    const text = pax.get(key);
    if (text === undefined) return own;
    if (!/^-?\d+(?:\.\d*)?$/.test(text)) throw new TarFormatError(`an extended header gives no number for ${key}`);
    return Math.floor(Number(text));
  };
  const isSparse = [...pax.keys()].some((key) => key.startsWith('GNU.sparse.'));
  return {
    ...header,
    type: isSparse ? 'unknown' : header.type,
    name: pax.get('path') ?? header.name,
    linkName: pax.get('linkpath') ?? header.linkName,
    size: number('size', header.size),
    uid: number('uid', header.uid),
    gid: number('gid', header.gid),
    mtime: number('mtime', header.mtime),
  };
}

/** The bytes of content that follow. */
function sizeOf(header: TarHeader): number {
  if (!Number.isSafeInteger(header.size) || header.size < 0)
    throw new TarFormatError('an entry claims an impossible size');
  const mayHaveContent = header.type === 'file' || header.type === 'unknown';
  if (!mayHaveContent && header.size > 0) throw new TarFormatError(`an entry of type ${header.type} claims content`);
  return header.size;
}
