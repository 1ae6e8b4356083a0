import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { runInspectTask, type AnswerTo, type InspectTask } from './inspect-tasks.ts';
import { OperationError } from '../errors.ts';

/** What a worker sends back. */
export type WorkerMessage =
  | { readonly kind: 'progress'; readonly bytes: number }
  | { readonly kind: 'answer'; readonly answer: AnswerTo<InspectTask> }
  | { readonly kind: 'failure'; readonly message: string };

export interface ThreadsOptions {
  /** The worker's script; undefined: this thread does the work. */
  readonly script: URL | undefined;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** More threads than this find the disk busy; each takes some 15 MB. */
const MOST_THREADS = 4;

/** How many tasks are worth having for one file. */
export function usefulThreads(script: URL | undefined): number {
  return script === undefined ? 1 : Math.min(MOST_THREADS, availableParallelism());
}

/**
 * Does the tasks, several at once where there is a worker script; the answers come in the tasks' order.
 *
 * @throws OperationError `OPERATION_NOT_GOOD` where a file cannot be read; the signal's reason
 */
export async function runInspectTasks<T extends InspectTask>(
  tasks: readonly T[],
  options: ThreadsOptions,
): Promise<readonly AnswerTo<T>[]> {
  const { script, signal, onBytes } = options;
  if (script === undefined) return tasks.map((task) => runInspectTask(task, { signal, onBytes }) as AnswerTo<T>);
  const queue = tasks.map((task, index) => ({ task, index }));
  const answers: AnswerTo<T>[] = [];
  const workers = Array.from(
    { length: Math.min(tasks.length, usefulThreads(script)) },
    () => new InspectWorker(script, onBytes),
  );
  const stop = (): void => void Promise.all(workers.map((worker) => worker.end(signal.reason as Error)));
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.all(
      workers.map(async (worker) => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift())
          answers[next.index] = await worker.run(next.task);
      }),
    );
    return answers;
  } finally {
    signal.removeEventListener('abort', stop);
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

/** One worker thread, one task at a time. */
class InspectWorker {
  readonly #worker: Worker;
  readonly #onBytes: (bytes: number) => void;
  #settle:
    | { readonly resolve: (answer: AnswerTo<InspectTask>) => void; readonly reject: (reason: unknown) => void }
    | undefined;
  #ended: Error | undefined;

  constructor(script: URL, onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes;
    this.#worker = new Worker(script);
    this.#worker.on('message', (message: WorkerMessage) => this.#take(message));
    this.#worker.on('error', (error) => this.#settle?.reject(error));
    this.#worker.on('exit', () => this.#settle?.reject(this.#ended ?? new Error('a worker thread ended by itself')));
  }

  run<T extends InspectTask>(task: T): Promise<AnswerTo<T>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended);
      this.#settle = { resolve: (answer) => resolve(answer as AnswerTo<T>), reject };
      this.#worker.postMessage(task);
    });
  }

  async end(reason = new Error('the work is over')): Promise<void> {
    this.#ended ??= reason;
    await this.#worker.terminate();
  }

  #take(message: WorkerMessage): void {
    if (message.kind === 'progress') this.#onBytes(message.bytes);
    else if (message.kind === 'answer') this.#settle?.resolve(message.answer);
    else
      this.#settle?.reject(
        new OperationError('OPERATION_NOT_GOOD', `the snapshot could not be read: ${message.message}`, {
          hint: 'Check the disk or the share that holds the file (the system log tells more).',
        }),
      );
  }
}
