import { certificatesIn } from '../certificate-files.ts';
import { normalName } from './entry-safety.ts';
import { readArchive, type PassingEntry } from './read-archive.ts';

/** Nothing that holds certificates is larger. */
const MAX_FILE = 2 * 1024 * 1024;

/** The certificate of an archive that ends first. */
export interface SoonestExpiry {
  /** The file's name in the archive. */
  readonly path: string;
  readonly notAfter: Date;
}

/**
 * Finds out when the certificates of an archive begin to end: those of servers and clients, and authorities that are alone in
 * their file. An old member of a bundle does not count.
 *
 * @returns undefined where the archive has none; of a damaged one, which is for {@link verifyArchive} to report, what precedes
 * the damage counts
 * @throws the signal's reason where it aborts
 */
export async function soonestExpiry(path: string, signal?: AbortSignal): Promise<SoonestExpiry | undefined> {
  let soonest: SoonestExpiry | undefined;
  try {
    for await (const entry of readArchive(path, signal)) {
      const own = await soonestIn(entry);
      if (own !== undefined && (soonest === undefined || own.notAfter < soonest.notAfter)) soonest = own;
    }
  } catch {
    signal?.throwIfAborted();
  }
  return soonest;
}

async function soonestIn(entry: PassingEntry): Promise<SoonestExpiry | undefined> {
  const { header } = entry;
  if (header.type !== 'file' || header.size > MAX_FILE) return undefined;
  const pieces: Buffer[] = [];
  await entry.content((bytes) => pieces.push(Buffer.from(bytes)));
  const { certificates } = certificatesIn(Buffer.concat(pieces), header.name);
  const ends = certificates
    .filter(({ certificate }) => !certificate.ca || certificates.length === 1)
    .map(({ certificate }) => Date.parse(certificate.validTo));
  return ends.length === 0 ? undefined : { path: normalName(header.name), notAfter: new Date(Math.min(...ends)) };
}
