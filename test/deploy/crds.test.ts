import { describe, it } from 'vitest';
import { backupDefinition, etcdBackupDefinition } from '../../src/crd/index.ts';
import { expectMade } from './made-file.ts';

const HEAD = '# Made from src/crd by test/deploy/crds.test.ts with HOLDFAST_WRITE_DOCS=1; do not edit.\n';

describe('deploy/crds', () => {
  it.each([backupDefinition, etcdBackupDefinition].map((each) => [each.metadata.name ?? '', each] as const))(
    'has %s as the code defines it',
    (name, definition) => expectMade(`deploy/crds/${name}.yaml`, HEAD, definition),
  );
});
