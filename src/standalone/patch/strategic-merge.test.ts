import { describe, expect, test } from 'vitest';
import { builtInKinds, type JsonObject } from '../schema/index.ts';
import { applyStrategicMergePatch } from './strategic-merge.ts';

const job = builtInKinds().find(({ kind }) => kind === 'Job') ?? expect.fail('there is no kind Job');
const merged = (object: JsonObject, patch: unknown): JsonObject => applyStrategicMergePatch(object, patch, job.schema);

/** What of a pod is patched stands in a Job's template. */
const inPod = (spec: unknown): JsonObject => {
  const parsed: unknown = JSON.parse(JSON.stringify({ spec: { template: { spec } } }));
  return parsed as JsonObject;
};
const pod = (live: unknown, patch: unknown): unknown => merged(inPod(live), inPod(patch));

const a = { name: 'a', image: 'one' };
const b = { name: 'b', image: 'one' };
const c = { name: 'c', image: 'one' };

describe('maps', () => {
  test('are merged field by field, and null removes', () => {
    const object = { metadata: { labels: { a: 'x', b: 'y' } }, spec: { suspend: true, parallelism: 1 } };
    const patch = { metadata: { labels: { b: null, c: 'z', d: null } }, spec: { suspend: null } };
    expect(merged(object, patch)).toEqual({ metadata: { labels: { a: 'x', c: 'z' } }, spec: { parallelism: 1 } });
  });

  test('are replaced by `$patch: replace` and emptied by `$patch: delete`', () => {
    const object = { metadata: { labels: { a: 'x' }, annotations: { a: 'x' } } };
    const patch = { metadata: { labels: { $patch: 'replace', b: 'y' }, annotations: { $patch: 'delete' } } };
    expect(merged(object, patch)).toEqual({ metadata: { labels: { b: 'y' }, annotations: {} } });
  });

  test('that are new come without what only deletes', () => {
    const patch = { metadata: { labels: { a: 'x', b: null }, annotations: { $patch: 'delete' } } };
    const result = { metadata: { labels: { a: 'x' } } };
    expect(merged({}, patch)).toEqual(result);
    expect(merged({ metadata: {} }, patch)).toEqual(result);
  });

  test('that keep certain fields alone lose all others', () => {
    const live = { volumes: [{ name: 'v', hostPath: { path: '/a' } }] };
    const patch = { volumes: [{ name: 'v', emptyDir: {}, hostPath: null, $retainKeys: ['name', 'emptyDir'] }] };
    expect(pod(live, patch)).toEqual(inPod({ volumes: [{ name: 'v', emptyDir: {} }] }));
  });

  test('do not take a field that `$retainKeys` does not list', () => {
    const patch = { volumes: [{ name: 'v', emptyDir: {}, $retainKeys: ['name'] }] };
    expect(() => pod({ volumes: [{ name: 'v' }] }, patch)).toThrow(
      expect.objectContaining({ code: 'PATCH_MALFORMED', status: 400, message: 'invalid patch format of retainKeys' }),
    );
  });
});

describe('lists of objects with a merge key', () => {
  test('are merged by it, and elements of the patch keep its order', () => {
    const patch = {
      containers: [
        { ...c, image: 'two' },
        { name: 'b', args: ['x'] },
      ],
    };
    expect(pod({ containers: [a, b] }, patch)).toEqual(
      inPod({ containers: [{ ...c, image: 'two' }, a, { ...b, args: ['x'] }] }),
    );
  });

  test('lose the elements with `$patch: delete`, and stand as `$setElementOrder` says', () => {
    const patch = {
      $setElementOrder_containers: [{ name: 'c' }, { name: 'a' }],
      containers: [
        { name: 'a', image: 'two' },
        { name: 'b', $patch: 'delete' },
      ],
    };
    const { $setElementOrder_containers: order, ...rest } = patch;
    expect(pod({ containers: [a, b, c] }, { ...rest, '$setElementOrder/containers': order })).toEqual(
      inPod({ containers: [c, { ...a, image: 'two' }] }),
    );
  });

  test('keep elements that only the server knows before those that they stood before', () => {
    const sidecar = { name: 'sidecar', image: 'mesh' };
    const patch = {
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
      containers: [{ name: 'b', tty: true }],
    };
    expect(pod({ containers: [sidecar, a, b] }, patch)).toEqual(
      inPod({ containers: [sidecar, { ...b, tty: true }, a] }),
    );
  });

  test('can be ordered without any other change', () => {
    const patch = { '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }] };
    expect(pod({ containers: [a, b, c] }, patch)).toEqual(inPod({ containers: [c, b, a] }));
  });

  test('are replaced by the other elements where one says `$patch: replace`', () => {
    expect(pod({ containers: [a, b] }, { containers: [c, { $patch: 'replace' }] })).toEqual(inPod({ containers: [c] }));
  });

  test('are merged within merged elements', () => {
    const live = {
      containers: [
        {
          ...a,
          env: [
            { name: 'X', value: '1' },
            { name: 'Y', value: '2' },
          ],
        },
      ],
    };
    const env = [
      { name: 'Y', $patch: 'delete' },
      { name: 'X', value: '3' },
    ];
    const patch = { containers: [{ name: 'a', env, '$setElementOrder/env': [{ name: 'X' }] }] };
    expect(pod(live, patch)).toEqual(inPod({ containers: [{ ...a, env: [{ name: 'X', value: '3' }] }] }));
  });

  test.each([
    [{ containers: [{ image: 'x' }] }, 'map: map[image:x] does not contain declared merge key: name'],
    [{ containers: [{ name: 'a', $patch: 'drop' }] }, 'unknown patch type: drop in map: map[$patch:drop name:a]'],
    [{ containers: [{ name: 'a', $patch: 'merge' }] }, 'merging lists cannot yet be specified in the patch'],
    [{ containers: ['a'] }, 'list element types are not identical'],
    [{ containers: [['a']] }, 'lists of lists are not supported'],
    [
      { containers: [{ name: 'b' }, { name: 'a' }], '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }] },
      "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    ],
  ])('%j is refused in the words of kube-apiserver', (patch, message) => {
    expect(() => pod({ containers: [a, b] }, patch)).toThrow(
      expect.objectContaining({ code: 'PATCH_UNFIT', status: 500, reason: 'InternalError', message }),
    );
  });
});

describe('lists of texts', () => {
  const finalizers = (live: readonly string[], patch: JsonObject): unknown =>
    merged({ metadata: { finalizers: [...live] } }, { metadata: patch })['metadata'];

  test('are united where the schema says so', () => {
    expect(finalizers(['a', 'b'], { finalizers: ['c', 'a'] })).toEqual({ finalizers: ['c', 'a', 'b'] });
  });

  test('lose what is in `$deleteFromPrimitiveList`', () => {
    const patch = {
      '$deleteFromPrimitiveList/finalizers': ['a'],
      '$setElementOrder/finalizers': ['c', 'b'],
      finalizers: ['c'],
    };
    expect(finalizers(['a', 'b'], patch)).toEqual({ finalizers: ['c', 'b'] });
  });

  test('are replaced where the schema says nothing of them', () => {
    expect(pod({ containers: [{ ...a, args: ['1', '2'] }] }, { containers: [{ name: 'a', args: ['3'] }] })).toEqual(
      inPod({ containers: [{ ...a, args: ['3'] }] }),
    );
  });

  test.each([
    [{ $deleteFromPrimitiveListfinalizers: ['a'] }, 'invalid patch format of primitive list'],
    [{ $setElementOrderfinalizers: ['a'] }, 'invalid patch format of setElementOrder list'],
  ])('%j is malformed', (patch, message) => {
    expect(() => finalizers(['a'], patch)).toThrow(expect.objectContaining({ code: 'PATCH_MALFORMED', message }));
  });
});

describe('kubectl apply', () => {
  const written = { name: 'app', image: 'app:1', env: [{ name: 'LEVEL', value: 'info' }] };

  test('leaves what others set alone: an injected container, a label, a replaced count', () => {
    const live = {
      metadata: { labels: { app: 'x', team: 'ops' } },
      ...inPod({ containers: [written, { name: 'mesh', image: 'mesh:1' }] }),
    };
    const patch = {
      metadata: { labels: { app: 'y' } },
      ...inPod({
        '$setElementOrder/containers': [{ name: 'app' }],
        containers: [{ name: 'app', image: 'app:2', '$setElementOrder/env': [{ name: 'LEVEL' }] }],
      }),
    };
    expect(merged(live, patch)).toEqual({
      metadata: { labels: { app: 'y', team: 'ops' } },
      ...inPod({
        containers: [
          { ...written, image: 'app:2' },
          { name: 'mesh', image: 'mesh:1' },
        ],
      }),
    });
  });

  test('takes away what was applied before and is applied no more', () => {
    const live = inPod({
      containers: [written, { name: 'old', image: 'old:1' }],
      volumes: [{ name: 'v', emptyDir: {} }],
    });
    const patch = inPod({
      '$setElementOrder/containers': [{ name: 'app' }],
      containers: [
        { name: 'app', env: null },
        { name: 'old', $patch: 'delete' },
      ],
      volumes: null,
    });
    expect(merged(live, patch)).toEqual(inPod({ containers: [{ name: 'app', image: 'app:1' }] }));
  });
});

test.each([null, 'x', [1]])('%j is no strategic merge patch', (patch) => {
  expect(() => merged({}, patch)).toThrow(expect.objectContaining({ code: 'PATCH_MALFORMED', status: 400 }));
});

test('neither the object nor the patch is changed', () => {
  const object = { metadata: { labels: { a: 'x' }, finalizers: ['a'] } };
  const patch = { metadata: { labels: { a: null }, '$deleteFromPrimitiveList/finalizers': ['a'] } };
  const copies = structuredClone([object, patch]);
  merged(object, patch);
  expect([object, patch]).toEqual(copies);
});
