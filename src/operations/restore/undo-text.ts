import type { Step } from './step.ts';

/** What undoing a step does, as one line; undefined where there is nothing to undo. */
export function undoText({ action }: Step): string | undefined {
  switch (action.kind) {
    case 'build-data':
      return `remove what was built in ${action.target}, unless etcd has run with it`;
    case 'stage-resources':
      return `remove what was unpacked of ${action.archive}`;
    case 'move':
      return `move ${action.to} back to ${action.from}`;
    case 'empty-folder':
      return `move everything in ${action.into} back to ${action.folder}`;
    case 'fill-folder':
      return `move the restored data from ${action.folder} back to ${action.from}`;
    case 'wait-stopped':
      return action.when === 'undo' ? `wait until ${action.pods.join(', ')} have stopped` : undefined;
    case 'check-wal':
    case 'wait-etcd':
    case 'wait-apiserver':
      return undefined;
  }
}
