import type { Action } from '../step.ts';
import { buildData, unbuildData } from './build-data.ts';
import { checkWal } from './check-wal.ts';
import { onDisk, type ActionContext } from './context.ts';
import { makeFolder, moveContents, removeIfEmpty } from './folder-contents.ts';
import { moveOnce } from './move.ts';
import { stageResources, unstageResources } from './stage-resources.ts';
import { waitApiServer } from './wait-apiserver.ts';
import { waitEtcd } from './wait-etcd.ts';
import { waitStopped } from './wait-stopped.ts';

export { onDisk, type ActionContext } from './context.ts';
export { exists } from './exists.ts';

/**
 * Carries an action out. Every one may be called again after it was cut short at any point, and then does what is left.
 *
 * @throws HoldfastError of several folders; the signal's reason where it aborts
 */
export async function perform(action: Action, context: ActionContext): Promise<void> {
  const at = (path: string): string => onDisk(context, path);
  switch (action.kind) {
    case 'build-data':
      return buildData(action, context);
    case 'stage-resources':
      return stageResources(action, context);
    case 'move':
      return moveOnce(at(action.from), at(action.to));
    case 'empty-folder':
      await makeFolder(at(action.folder));
      return moveContents(at(action.folder), at(action.into), action.keep);
    case 'fill-folder':
      await moveContents(at(action.from), at(action.folder), []);
      return removeIfEmpty(at(action.from));
    case 'wait-stopped':
      return action.when === 'forward' ? waitStopped(action, context) : undefined;
    case 'check-wal':
      return checkWal(action, context);
    case 'wait-etcd':
      return waitEtcd(action, context);
    case 'wait-apiserver':
      return waitApiServer(action, context);
  }
}

/**
 * Undoes an action that was begun, whether it was finished or not. Undoing one that is undone does nothing.
 *
 * @throws as {@link perform}
 */
export async function undo(action: Action, context: ActionContext): Promise<void> {
  const at = (path: string): string => onDisk(context, path);
  switch (action.kind) {
    case 'build-data':
      return unbuildData(action, context);
    case 'stage-resources':
      return unstageResources(action, context);
    case 'move':
      return moveOnce(at(action.to), at(action.from));
    case 'empty-folder':
      await moveContents(at(action.into), at(action.folder), []);
      return removeIfEmpty(at(action.into));
    case 'fill-folder':
      return moveContents(at(action.folder), at(action.from), action.keep);
    case 'wait-stopped':
      return action.when === 'undo' ? waitStopped(action, context) : undefined;
    case 'check-wal':
    case 'wait-etcd':
    case 'wait-apiserver':
      return undefined;
  }
}
