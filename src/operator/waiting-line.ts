import type { Informer } from '../controller/index.ts';
import type { EtcdBackup } from '../crd/index.ts';
import { byTurn, isUnfinished } from './turn.ts';

/** The unfinished EtcdBackups in the order of their turns, brought up to date with every change. */
export class WaitingLine {
  readonly #waiting: EtcdBackup[] = [];

  /** Whoever listens to the informer after this was made finds it up to date. */
  constructor(etcdBackups: Pick<Informer<EtcdBackup>, 'onChange'>) {
    etcdBackups.onChange((object, previous, isDeleted) => {
      const before = previous ?? object;
      const at = this.#placeOf(before);
      if (this.#isAt(at, before)) this.#waiting.splice(at, 1);
      if (!isDeleted && isUnfinished(object)) this.#waiting.splice(this.#placeOf(object), 0, object);
    });
  }

  get all(): readonly EtcdBackup[] {
    return [...this.#waiting];
  }

  /** Whose turn it is. */
  get first(): EtcdBackup | undefined {
    return this.#waiting[0];
  }

  /** The one right before `me`, which may stand in the line itself or not. */
  before(me: EtcdBackup): EtcdBackup | undefined {
    const at = this.#placeOf(me) - 1;
    // What was read of `me` may be older than what stands in the line.
    return this.#waiting[this.#waiting[at]?.metadata.name === me.metadata.name ? at - 1 : at];
  }

  /** The one right after. */
  after(me: EtcdBackup): EtcdBackup | undefined {
    const at = this.#placeOf(me);
    return this.#waiting[this.#isAt(at, me) ? at + 1 : at];
  }

  #isAt(place: number, me: EtcdBackup): boolean {
    const there = this.#waiting[place];
    return there !== undefined && byTurn(there, me) === 0;
  }

  /** How many stand before `me`; also where it would be put in. */
  #placeOf(me: EtcdBackup): number {
    let [low, high] = [0, this.#waiting.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#waiting[middle];
      if (there !== undefined && byTurn(there, me) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
