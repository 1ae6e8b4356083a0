import { afterAll, beforeAll } from 'vitest';
import { ApiUnderTest, type OpenedApi } from './semantics/api-under-test.ts';
import { describeDefinitions } from './semantics/definitions.ts';
import { describeDeleting } from './semantics/deleting.ts';
import { describeListsAndWatches } from './semantics/lists-and-watches.ts';
import { describeObjects } from './semantics/objects.ts';
import { describePatches } from './semantics/patches.ts';
import { describePodsAndPaths } from './semantics/pods-and-paths.ts';

export type { OpenedApi } from './semantics/api-under-test.ts';

/**
 * What a Kubernetes API means, as far as Holdfast relies on it: the same specifications for the embedded engine and for any
 * API server. To be called within a `describe`. The server needs its controllers for garbage, namespaces and definitions;
 * nothing runs pods. All that is made goes again.
 *
 * @param open - once, before the first specification
 */
export function describeApiSemantics(open: () => Promise<OpenedApi>): void {
  let opened: ApiUnderTest | undefined;
  const api = (): ApiUnderTest => {
    if (opened === undefined) throw new TypeError('the API is asked before it is open');
    return opened;
  };
  beforeAll(async () => {
    opened = await ApiUnderTest.open(await open());
  });
  afterAll(async () => {
    await opened?.close();
  });
  describeObjects(api);
  describePatches(api);
  describeListsAndWatches(api);
  describeDeleting(api);
  describeDefinitions(api);
  describePodsAndPaths(api);
}
