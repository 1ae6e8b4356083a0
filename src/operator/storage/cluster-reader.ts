import type { KubeClient, KubeObject, ListOptions, ObjectName, Resource } from '../../apiserver/index.ts';
import type { Log } from '../../base/index.ts';
import { absentAsUndefined, hasCode } from '../answers.ts';

/** What a look at the cluster came to: nothing for who may not look. */
export type Seen<T> = { readonly found: T } | 'forbidden';

/**
 * Reads what is good to know and not needed: where the operator has no right to it, it goes on without, and says so once
 * for each kind.
 */
export class ClusterReader {
  readonly #client: KubeClient;
  readonly #log: Log;
  readonly #told = new Set<string>();

  constructor(client: KubeClient, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  get<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    signal: AbortSignal,
  ): Promise<Seen<T | undefined>> {
    return this.#read(resource, absentAsUndefined(this.#client.get(resource, name, { signal })));
  }

  list<T extends KubeObject>(resource: Resource<T>, options: ListOptions): Promise<Seen<readonly T[]>> {
    return this.#read(
      resource,
      this.#client.list(resource, options).then(({ items }) => items),
    );
  }

  async #read<T>({ plural }: Resource, answer: Promise<T>): Promise<Seen<T>> {
    try {
      return { found: await answer };
    } catch (error) {
      if (!hasCode(error, 'APISERVER_FORBIDDEN')) throw error;
      if (!this.#told.has(plural)) {
        const what = `what ${plural} say of the volumes of backups is not looked at: ${error.message}`;
        this.#log.warn(what, { code: error.code, hint: error.hint });
      }
      this.#told.add(plural);
      return 'forbidden';
    }
  }
}
