import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../base/index.ts';
import type { JsonObject } from '../schema/index.ts';
import { ObjectStore, type ObjectStoreOptions } from './object-store.ts';
import type { Change, ObjectKey } from './stored-object.ts';

/** A lock that stands for none, for tests that open one store at a time. */
export const noLock = (): Promise<{ release: () => Promise<void> }> =>
  Promise.resolve({ release: () => Promise.resolve() });

/** A folder that is removed by the function given back with it. */
export async function newFolder(): Promise<{ readonly folder: string; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-objects-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export function openStore(folder: string, options: Partial<ObjectStoreOptions> = {}): Promise<ObjectStore> {
  return ObjectStore.open({ folder, lock: noLock, log: silentLog, ...options });
}

export function podKey(name: string, namespace = 'default'): ObjectKey {
  return { resource: 'pods', namespace, name };
}

/** Writes one object whatever stands; null removes it. */
export function put(store: ObjectStore, key: ObjectKey, spec: JsonObject | null): Promise<readonly Change[]> {
  const object =
    spec === null
      ? null
      : { apiVersion: 'v1', kind: 'Pod', metadata: { name: key.name, namespace: key.namespace }, spec };
  return store.commit(() => ({ writes: [{ key, object }], result: (changes) => changes }));
}

/** What stands, as path -> spec. */
export function contents(store: ObjectStore, resource = 'pods'): Record<string, unknown> {
  return Object.fromEntries(
    store.list(resource).map(({ key, object }) => [`${key.namespace}/${key.name}`, object['spec']]),
  );
}
