import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { TarHeader } from './tar-format.ts';
import { TarReader } from './tar-reader.ts';

/** One entry as it goes by. */
export interface PassingEntry {
  readonly header: TarHeader;
  /** Hands over the content piece by piece; to be called before the next entry, or not at all. */
  content(each: (bytes: Buffer) => void): Promise<void>;
}

/**
 * The entries of a `.tar.gz` in their order, in bounded memory.
 *
 * @throws what the file or the format says, when it is met
 */
export async function* readArchive(path: string, signal?: AbortSignal): AsyncGenerator<PassingEntry> {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  let failure: unknown;
  const feeding = pipeline(createReadStream(path), gunzip, { ...(signal && { signal }) }).catch((error: unknown) => {
    failure = error;
  });
  const reader = new TarReader(gunzip as AsyncIterable<Uint8Array>);
  try {
    for (let header = await reader.next(); header !== undefined; header = await reader.next()) {
      const entry = header;
      yield { header: entry, content: (each) => reader.content(entry, each) };
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw failure ?? error;
  } finally {
    gunzip.destroy();
    await feeding;
  }
}
