import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../base/index.ts';
import { runInspectTask, type InspectTask } from './inspect-tasks.ts';
import type { WorkerMessage } from './inspect-threads.ts';

/** Progress is told every so many bytes: often enough for a person, seldom enough to cost nothing. */
const TELL_EVERY_BYTES = 8 * 1024 * 1024;

/** The worker's end: takes one task after the other, tells how far it is, answers. */
function serve(port: NonNullable<typeof parentPort>): void {
  const tell = (message: WorkerMessage): void => port.postMessage(message);
  port.on('message', (task: InspectTask) => {
    let untold = 0;
    const onBytes = (bytes: number): void => {
      untold += bytes;
      if (untold < TELL_EVERY_BYTES) return;
      tell({ kind: 'progress', bytes: untold });
      untold = 0;
    };
    try {
      const answer = runInspectTask(task, { onBytes });
      tell({ kind: 'progress', bytes: untold });
      tell({ kind: 'answer', answer });
    } catch (error) {
      tell({ kind: 'failure', message: messageOf(error) });
    }
  });
}

if (parentPort !== null) serve(parentPort);
