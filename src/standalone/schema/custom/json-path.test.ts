import { describe, expect, it } from 'vitest';
import { parseJsonPath } from './json-path.ts';

const object = {
  metadata: { labels: { 'a.b/c': 'x', plain: 'y' } },
  spec: { list: [{ name: 'n0' }, { name: 'n1' }], none: null },
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Failed', status: 'False', count: 3 },
    ],
  },
};

describe('a path of a printer column', () => {
  it.each([
    ['.spec.list[0].name', ['n0']],
    ['.spec.list[-1].name', ['n1']],
    ['.spec.list[*].name', ['n0', 'n1']],
    ['.spec.none', [null]],
    ['.spec.absent.more', []],
    ['.status.conditions[?(@.type=="Ready")].status', ['True']],
    [".status.conditions[?(@.type == 'Failed')].status", ['False']],
    ['.status.conditions[?(@.count==3)].type', ['Failed']],
    [".metadata.labels['a.b/c']", ['x']],
    ['.metadata.labels.a\\.b/c', ['x']],
    ['.constructor', []],
  ])('%s finds %j', (path, found) => {
    expect(parseJsonPath(path)?.(object)).toEqual(found);
  });

  it.each(['spec', '', '.a[?(', '.a[b]', '..a', '.a[?(@.x>1)]'])('is not %j', (path) => {
    expect(parseJsonPath(path)).toBeUndefined();
  });
});
