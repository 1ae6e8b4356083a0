import { readFile } from 'node:fs/promises';
import { systemCode } from '../../base/index.ts';
import { storageError } from '../../store/index.ts';
import { parseRevisionFile } from './bump-revision.ts';

/** Where OpenShift's etcd pod keeps it, in the data directory. */
export const REVISION_FILE_NAME = 'revision.json';

/**
 * `maxRaftIndex` of OpenShift's revision.json, which the etcd-rev container writes every ten seconds while a member answers
 * (cluster-etcd-operator pkg/cmd/rev/rev.go). The number may exceed what JSON.parse keeps, so it is read as text.
 *
 * @returns undefined where there is no such file, or nothing of the kind in it
 * @throws StoreError where it cannot be read
 */
export async function readRevisionFile(path: string): Promise<bigint | undefined> {
  try {
    return parseRevisionFile(await readFile(path, 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw storageError(error, path);
  }
}
