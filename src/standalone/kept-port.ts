import { readFile } from 'node:fs/promises';
import { systemCode, writeFileDurably } from '../base/index.ts';

/**
 * A port that was any free one at the first start, and is asked for again at later ones: containers that outlive the engine,
 * and Jobs that were made before a restart, know it.
 */
export class KeptPort {
  readonly #path: string;

  /** @param path - the file that holds the port */
  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined where there was none yet, or where the file holds no port. */
  async read(): Promise<number | undefined> {
    try {
      const port = Number((await readFile(this.#path, 'utf8')).trim());
      return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async write(port: number): Promise<void> {
    if ((await this.read()) === port) return;
    await writeFileDurably(this.#path, `${port}\n`, { replace: true });
  }
}
