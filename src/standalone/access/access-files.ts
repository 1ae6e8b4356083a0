import { chmod, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  makePrivateFolder,
  messageOf,
  PRIVATE_FILE_MODE,
  PRIVATE_FOLDER_MODE,
  systemCode,
  writeFileDurably,
} from '../../base/index.ts';
import { StandaloneError } from '../errors.ts';

/** The folder of keys and tokens: 0700, its files 0600. Whoever uses it must be the only one (the engine's lock sees to that). */
export class AccessFiles {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws StandaloneError STANDALONE_ACCESS_UNREADABLE */
  static async open(folder: string): Promise<AccessFiles> {
    await guarded(folder, async () => {
      await makePrivateFolder(folder);
      await chmod(folder, PRIVATE_FOLDER_MODE);
    });
    return new AccessFiles(folder);
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  /** @returns undefined where there is no such file */
  async read(name: string): Promise<string | undefined> {
    const path = this.pathOf(name);
    return guarded(path, () => readPrivate(path));
  }

  /** Writes a file whole or not at all; what a killed run had begun is taken away. */
  async write(name: string, content: string): Promise<void> {
    const path = this.pathOf(name);
    await guarded(path, () => writeFileDurably(path, content, { replace: true }));
  }

  /** What is thrown where a file's content makes no sense. The reason never quotes it. */
  damaged(name: string, reason: string): StandaloneError {
    const path = this.pathOf(name);
    return new StandaloneError('STANDALONE_ACCESS_DAMAGED', `${path} is damaged: ${reason}`, {
      subject: path,
      hint: `Move it away (mv ${path} ${path}.damaged) and start again: a new one is made. Copies of the kubeconfig have to be replaced then.`,
    });
  }
}

/**
 * Gives a file of anywhere a content that only its owner may read; one that has it already stays as it is.
 *
 * @throws StandaloneError STANDALONE_ACCESS_UNREADABLE
 */
export async function writePrivately(path: string, content: string): Promise<void> {
  await guarded(path, async () => {
    await makePrivateFolder(dirname(path));
    if ((await readPrivate(path)) !== content) await writeFileDurably(path, content, { replace: true });
  });
}

async function readPrivate(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o777) !== PRIVATE_FILE_MODE) await chmod(path, PRIVATE_FILE_MODE);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StandaloneError('STANDALONE_ACCESS_UNREADABLE', `cannot use ${path}: ${messageOf(error)}`, {
      subject: path,
      hint: `It must be on a disk with room and belong to the user that runs holdfast standalone: ls -ld ${path}; df ${path}`,
      cause: error,
    });
  }
}
