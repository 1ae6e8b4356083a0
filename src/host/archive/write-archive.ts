import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ControlPlaneHost } from '../control-plane-host.ts';
import { readSteadily } from './read-steadily.ts';
import { BLOCK, encodeHeader, paddingOf, type WritableHeader } from './tar-format.ts';
import { walkSources, type WalkEntry } from './walk.ts';
import type { HostFinding } from '../findings.ts';

/** Where an archive's bytes go. A `FileHandle` is one. */
export interface ArchiveSink {
  /** Writes at the current end; may write fewer bytes than it was given. */
  write(bytes: Uint8Array): Promise<{ readonly bytesWritten: number }>;
}

export interface WriteArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes of files were read since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface ArchiveSummary {
  /** Files, links and folders. */
  readonly entries: number;
  /** Bytes of all files together. */
  readonly contentBytes: number;
  /** Bytes of the compressed archive. */
  readonly size: number;
  /** Lower-case hexadecimal, of the compressed archive. */
  readonly sha256: string;
  /** What was left out: sockets, pipes and devices. */
  readonly findings: readonly HostFinding[];
}

/**
 * Writes everything that a host's sources hold as a `.tar.gz` whose names are relative to the host's archive root, with
 * numeric owners, modes (set-id and sticky bits too), times in seconds, and links as links.
 *
 * The same tree gives the same bytes. Memory stays bounded whatever the size of the files.
 *
 * @throws HostError naming the file that cannot be read or keeps changing (nothing is left out silently); whatever `sink`
 * throws; the signal's reason where it aborts
 */
export async function writeResourcesArchive(
  host: Pick<ControlPlaneHost, 'hostRoot' | 'sources' | 'neverSaved'>,
  sink: ArchiveSink,
  options: WriteArchiveOptions = {},
): Promise<ArchiveSummary> {
  const { signal } = options;
  const tar = new TarWriter(host, options);
  const hash = createHash('sha256');
  let size = 0;
  const sinkFailures: unknown[] = [];
  const intoSink = async (compressed: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of compressed) {
      hash.update(chunk);
      size += chunk.length;
      try {
        for (let at = 0; at < chunk.length;) at += (await sink.write(chunk.subarray(at))).bytesWritten;
      } catch (error) {
        sinkFailures.push(error);
        throw error;
      }
    }
  };
  try {
    await pipeline(Readable.from(tar.blocks()), createGzip(), intoSink, { ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    // pipeline() may report the abort of its other stages in place of what the sink said (a full disk, above all).
    throw sinkFailures[0] ?? error;
  }
  const { entries, contentBytes, findings } = tar;
  return { entries, contentBytes, size, sha256: hash.digest('hex'), findings };
}

class TarWriter {
  readonly findings: HostFinding[] = [];
  entries = 0;
  contentBytes = 0;
  readonly #host: Pick<ControlPlaneHost, 'hostRoot' | 'sources' | 'neverSaved'>;
  readonly #options: WriteArchiveOptions;
  /** Where each file with several names was first stored, by device and inode. */
  readonly #stored = new Map<string, string>();

  constructor(host: Pick<ControlPlaneHost, 'hostRoot' | 'sources' | 'neverSaved'>, options: WriteArchiveOptions) {
    this.#host = host;
    this.#options = options;
  }

  async *blocks(): AsyncGenerator<Uint8Array> {
    for await (const entry of walkSources(this.#host, this.#options.signal)) {
      if (entry.stats.isFile()) yield* this.#file(entry);
      else if (entry.link !== undefined) yield this.#header(entry, { type: 'symlink', linkName: entry.link });
      else if (entry.stats.isDirectory()) yield this.#header(entry, { type: 'folder' });
      else this.findings.push(skipped(entry.path));
    }
    yield Buffer.alloc(2 * BLOCK);
  }

  async *#file(entry: WalkEntry): AsyncGenerator<Uint8Array> {
    const id = `${entry.stats.dev}:${entry.stats.ino}`;
    const first = entry.stats.nlink > 1 ? this.#stored.get(id) : undefined;
    if (first !== undefined) {
      yield this.#header(entry, { type: 'hard-link', linkName: first });
      return;
    }
    const file = await readSteadily(entry.path, entry.diskPath, this.#options.signal);
    const { stats } = file;
    try {
      this.#stored.set(`${stats.dev}:${stats.ino}`, entry.member);
      yield this.#header({ ...entry, stats }, { type: 'file', size: stats.size });
      for await (const piece of file.pieces) {
        this.contentBytes += piece.length;
        this.#options.onBytes?.(piece.length);
        yield piece;
      }
      yield Buffer.alloc(paddingOf(stats.size));
    } finally {
      await file.close();
    }
  }

  #header(
    { member, stats }: WalkEntry,
    own: { readonly type: WritableHeader['type']; readonly size?: number; readonly linkName?: string },
  ): Buffer {
    this.entries++;
    return encodeHeader({
      name: member,
      mode: stats.mode & 0o7777,
      uid: stats.uid,
      gid: stats.gid,
      mtime: Math.floor(stats.mtimeMs / 1000),
      size: 0,
      linkName: '',
      ...own,
    });
  }
}

function skipped(path: string): HostFinding {
  return {
    severity: 'warning',
    code: 'HOST_SPECIAL_FILE_SKIPPED',
    where: path,
    message: `${path} is a socket, a pipe or a device, and is not saved`,
  };
}
