import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import { messageOf } from '../../base/index.ts';
import { STATIC_PODS, type StaticPodName } from '../control-plane-host.ts';
import { HostError } from '../errors.ts';
import type { ArchiveEntry, ArchiveEntryType } from './archive-entry.ts';
import { EntrySafety, normalName } from './entry-safety.ts';
import type { TarHeader } from './tar-format.ts';
import { TarReader, TarTrailingDataError, TarTruncatedError } from './tar-reader.ts';
import type { HostFinding, HostFindingCode } from '../findings.ts';

export type { ArchiveEntry, ArchiveEntryType };

export interface VerifyArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Which files' bytes to give back, by their name in the archive. Each at most 1 MiB, 64 files at most. Default: none. */
  readonly want?: ((name: string) => boolean) | undefined;
  /** Told how many bytes of the archive's file were read since the last call. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Where unpacking stops: all bytes, headers and padding included. Default: 4 GiB. */
  readonly maxUnpackedBytes?: number | undefined;
  /** Where listing stops. Default: 200,000. */
  readonly maxEntries?: number | undefined;
}

export interface ArchiveReport {
  /** In the order of the archive; those before the damage where there is damage. */
  readonly entries: readonly ArchiveEntry[];
  /** Bytes of all files together. */
  readonly contentBytes: number;
  /** Bytes of the compressed file. */
  readonly size: number;
  /** Lower-case hexadecimal, of the compressed file. */
  readonly sha256: string;
  /** The static pod revisions inside (OpenShift), in the usual order. */
  readonly revisions: readonly { readonly name: StaticPodName; readonly revision: number }[];
  /** The files that were wanted, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Everything that is wrong. No error among them: the archive can be read to its end. */
  readonly findings: readonly HostFinding[];
}

const MAX_WANTED_BYTES = 1024 * 1024;
const MAX_WANTED_FILES = 64;
/** What it takes to hold 200,000 names of ordinary length. */
const MAX_NAME_BYTES = 64 * 1024 * 1024;

/**
 * Reads a `.tar.gz` to its end, in bounded memory: gzip's checksums, every tar header, the end mark, and whether its names stay
 * below the folder that is restored into. Takes what Holdfast, GNU tar and the reference's scripts write. Damage of any kind
 * becomes findings.
 *
 * @param source - a file's path, or its bytes
 * @throws HostError HOST_ARCHIVE_UNREADABLE where the file cannot be opened or read; the signal's reason where it aborts
 */
export async function verifyArchive(
  source: string | AsyncIterable<Uint8Array>,
  options: VerifyArchiveOptions = {},
): Promise<ArchiveReport> {
  const where = typeof source === 'string' ? source : 'archive';
  const inspection = new Inspection(where, options);
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  // Its failures are met where it is read.
  gunzip.on('error', () => undefined);
  const digest = { hash: createHash('sha256'), size: 0 };
  const read = inspect(gunzip, inspection);
  try {
    await feed(typeof source === 'string' ? createReadStream(source) : source, gunzip, digest, options);
  } catch (error) {
    gunzip.destroy();
    await read;
    options.signal?.throwIfAborted();
    throw new HostError('HOST_ARCHIVE_UNREADABLE', `cannot read ${where}: ${messageOf(error)}`, {
      subject: where,
      hint: 'Check that the file is there, that this user may read it, and that its disk is healthy (dmesg).',
      cause: error,
    });
  }
  const isWhole = await read;
  if (isWhole && gunzip.bytesWritten < digest.size) {
    inspection.damaged('HOST_ARCHIVE_TRAILING_DATA', `bytes follow the end of the compressed data`);
  }
  return { ...inspection.report(), size: digest.size, sha256: digest.hash.digest('hex') };
}

/** Hands all bytes to the digest, and to the decompressor for as long as it takes any. */
async function feed(
  source: AsyncIterable<Uint8Array>,
  gunzip: Gunzip,
  digest: { readonly hash: ReturnType<typeof createHash>; size: number },
  { signal, onBytes }: VerifyArchiveOptions,
): Promise<void> {
  for await (const chunk of source) {
    signal?.throwIfAborted();
    digest.hash.update(chunk);
    digest.size += chunk.length;
    onBytes?.(chunk.length);
    if (gunzip.destroyed || gunzip.readableEnded) continue;
    if (!gunzip.write(chunk)) await drained(gunzip);
  }
  if (!gunzip.destroyed) gunzip.end();
}

/** Resolves when more may be written, or when nothing will be read any more. */
function drained(gunzip: Gunzip): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      gunzip.off('drain', done).off('close', done);
      resolve();
    };
    gunzip.on('drain', done).on('close', done);
  });
}

/** Reads the unpacked bytes; true where they were read to their end. Never throws: what is wrong becomes a finding. */
async function inspect(gunzip: Gunzip, inspection: Inspection): Promise<boolean> {
  try {
    await inspection.run(new TarReader(inspection.limited(gunzip as AsyncIterable<Uint8Array>)));
    return true;
  } catch (error) {
    inspection.failed(error);
    return false;
  } finally {
    gunzip.destroy();
  }
}

/** Linux takes paths of up to 4,095 bytes; the depth keeps looking at every folder on the way cheap. */
function isEndless(name: string): boolean {
  return name.length > 4096 || name.split('/').length > 256;
}

class LimitExceeded extends Error {}

/** One reading of one archive. */
class Inspection {
  readonly #where: string;
  readonly #options: VerifyArchiveOptions;
  readonly #entries: ArchiveEntry[] = [];
  readonly #files = new Map<string, Uint8Array>();
  readonly #findings: HostFinding[] = [];
  readonly #safety = new EntrySafety();
  #contentBytes = 0;
  #nameBytes = 0;

  constructor(where: string, options: VerifyArchiveOptions) {
    this.#where = where;
    this.#options = options;
  }

  async run(reader: TarReader): Promise<void> {
    const { maxEntries = 200_000 } = this.#options;
    for (let header = await reader.next(); header !== undefined; header = await reader.next()) {
      this.#contentBytes += header.size;
      this.#nameBytes += header.name.length + header.linkName.length;
      if (isEndless(header.name) || isEndless(header.linkName))
        throw new LimitExceeded('it holds a name that no file system takes');
      if (this.#entries.length >= maxEntries) throw new LimitExceeded(`it holds more than ${maxEntries} entries`);
      if (this.#nameBytes > MAX_NAME_BYTES) throw new LimitExceeded(`its names take more than ${MAX_NAME_BYTES} bytes`);
      await this.#entry(reader, header);
    }
  }

  /** The unpacked bytes, for as long as there are not too many: a kilobyte can unpack to a megabyte, of nothing but zeros. */
  async *limited(unpacked: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { maxUnpackedBytes = 4 * 1024 ** 3 } = this.#options;
    let total = 0;
    for await (const chunk of unpacked) {
      total += chunk.length;
      if (total > maxUnpackedBytes) throw new LimitExceeded(`it unpacks to more than ${maxUnpackedBytes} bytes`);
      yield chunk;
    }
  }

  async #entry(reader: TarReader, header: TarHeader): Promise<void> {
    const entry = entryOf(header);
    this.#entries.push(entry);
    this.#findings.push(...this.#safety.add(entry, header.name, header.linkName));
    if (entry.type === 'other') {
      this.damaged(
        'HOST_ARCHIVE_UNSUPPORTED_ENTRY',
        `the entry is a ${header.type} entry, which no control plane has`,
        entry.name,
      );
    }
    if (entry.type !== 'file' || this.#options.want?.(entry.name) !== true) return;
    if (entry.size > MAX_WANTED_BYTES || this.#files.size >= MAX_WANTED_FILES) {
      this.damaged('HOST_ARCHIVE_TOO_LARGE', `the file has ${entry.size} bytes, too many to be examined`, entry.name);
      return;
    }
    const pieces: Buffer[] = [];
    await reader.content(header, (bytes) => pieces.push(Buffer.from(bytes)));
    this.#files.set(entry.name, Buffer.concat(pieces));
  }

  damaged(code: HostFindingCode, message: string, where = this.#where): void {
    this.#findings.push({ severity: 'error', code, where, message, hint: 'Use another backup, or take a new one.' });
  }

  /** Turns whatever stopped the reading into a finding. */
  failed(error: unknown): void {
    const after = `after ${this.#entries.length} entries`;
    if (error instanceof LimitExceeded) this.damaged('HOST_ARCHIVE_TOO_LARGE', `${this.#where}: ${error.message}`);
    else if (error instanceof TarTruncatedError)
      this.damaged('HOST_ARCHIVE_TRUNCATED', `${this.#where}, ${after}: ${error.message}`);
    else if (error instanceof TarTrailingDataError)
      this.damaged('HOST_ARCHIVE_TRAILING_DATA', `${this.#where}: ${error.message}`);
    else this.damaged('HOST_ARCHIVE_DAMAGED', `${this.#where} is damaged ${after}: ${messageOf(error)}`);
  }

  report(): Omit<ArchiveReport, 'size' | 'sha256'> {
    const findings = [...this.#findings, ...this.#safety.finish()];
    if (this.#entries.length === 0 && findings.length === 0) {
      findings.push({
        severity: 'error',
        code: 'HOST_ARCHIVE_EMPTY',
        where: this.#where,
        message: `${this.#where} holds nothing`,
        hint: 'Use another backup, or take a new one.',
      });
    }
    return {
      entries: this.#entries,
      contentBytes: this.#contentBytes,
      revisions: revisionsIn(this.#entries),
      files: this.#files,
      findings,
    };
  }
}

function entryOf(header: TarHeader): ArchiveEntry {
  const { type, size, mode, uid, gid, mtime } = header;
  const isKnown = type === 'file' || type === 'hard-link' || type === 'symlink' || type === 'folder';
  return {
    name: normalName(header.name),
    type: isKnown ? type : 'other',
    size,
    mode,
    uid,
    gid,
    mtime,
    linkName: header.linkName === '' ? undefined : header.linkName,
  };
}

function revisionsIn(entries: readonly ArchiveEntry[]): ArchiveReport['revisions'] {
  const found = new Map<string, { readonly name: StaticPodName; readonly revision: number }>();
  for (const { name } of entries) {
    const match = /^static-pod-resources\/([a-z-]+)-pod-(\d+)(?:\/|$)/.exec(name);
    const pod = STATIC_PODS.find((each) => each === match?.[1]);
    if (pod !== undefined) found.set(match?.[0] ?? '', { name: pod, revision: Number(match?.[2]) });
  }
  const unique = new Map([...found.values()].map((each) => [`${each.name} ${each.revision}`, each]));
  return [...unique.values()].sort(
    (a, b) => STATIC_PODS.indexOf(a.name) - STATIC_PODS.indexOf(b.name) || a.revision - b.revision,
  );
}
