import { relative } from 'node:path';
import type { Finding, PartFile } from '../../base/index.ts';
import { verifyArchive, writeResourcesArchive, type ControlPlaneHost } from '../../host/index.ts';
import { storageError } from '../../store/index.ts';
import { OperationError } from '../errors.ts';
import { createPartFile } from './snapshot-spool.ts';
import type { Surroundings } from '../surroundings.ts';

/** The static pod resources as they were saved: on the disk under their `.part` name, and read back to the end. */
export interface SavedResources {
  readonly file: PartFile;
  readonly size: number;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
  readonly entries: number;
  /** The encryption configurations as the archive holds them, by their names in it. They hold keys. */
  readonly encryptionConfigs: ReadonlyMap<string, Uint8Array>;
  readonly findings: readonly Finding[];
}

/**
 * Archives what brings the control plane back, and reads the archive back from the disk.
 *
 * @param path - the archive's final name; it is written to `<path>.part`
 * @throws HostError for files that cannot be read, StoreError where the disk refuses, OperationError where what was
 * written does not read back. Nothing is left behind then.
 */
export async function saveResources(
  host: ControlPlaneHost,
  path: string,
  surroundings: Surroundings,
): Promise<SavedResources> {
  const { signal, progress } = surroundings;
  const file = await createPartFile(path);
  const stage = progress.begin('static pod resources');
  try {
    const written = await writeResourcesArchive(host, sinkOf(file), {
      signal,
      onBytes: (bytes) => stage.advance(bytes),
    });
    await seal(file);
    const names = new Set(host.encryptionConfigs.map((config) => relative(host.archiveRoot, config.path)));
    const read = await verifyArchive(file.partPath, { signal, want: (name) => names.has(name) });
    const damage = read.findings.filter(({ severity }) => severity === 'error');
    if (read.sha256 !== written.sha256 || read.entries.length !== written.entries || damage.length > 0) {
      throw readsBackDifferently(file.partPath, damage);
    }
    const { size, sha256, entries } = written;
    return {
      file,
      size,
      sha256,
      entries,
      encryptionConfigs: read.files,
      findings: [...written.findings, ...read.findings],
    };
  } catch (error) {
    await file.discard();
    throw error;
  } finally {
    stage.end();
  }
}

/** The disk's refusals as StoreErrors, so that they are not taken for failures to read the host's files. */
function sinkOf(file: PartFile): { write(bytes: Uint8Array): Promise<{ readonly bytesWritten: number }> } {
  return {
    write: (bytes) =>
      file.handle.write(bytes).catch((error: unknown) => {
        throw storageError(error, file.partPath);
      }),
  };
}

async function seal(file: PartFile): Promise<void> {
  try {
    await file.seal();
  } catch (error) {
    throw storageError(error, file.partPath);
  }
}

function readsBackDifferently(path: string, findings: readonly Finding[]): OperationError {
  return new OperationError('OPERATION_NOT_GOOD', `${path} does not read back as it was written`, {
    subject: path,
    hint: 'Check the disk or the share (the system log tells more), and take the backup again, elsewhere if need be.',
    findings,
  });
}
