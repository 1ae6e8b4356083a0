import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';
import { backupDefinition, etcdBackupDefinition } from '../../src/crd/index.ts';
import { DEPLOY } from './manifests.ts';

const HEAD = '# Made from src/crd by test/deploy/crds.test.ts with HOLDFAST_WRITE_DOCS=1; do not edit.\n';
const HOW = 'run HOLDFAST_WRITE_DOCS=1 npx vitest run --project integration test/deploy/crds.test.ts';

describe('deploy/crds', () => {
  it.each([backupDefinition, etcdBackupDefinition].map((each) => [each.metadata.name ?? '', each] as const))(
    'has %s as the code defines it',
    async (name, definition) => {
      const path = join(DEPLOY, 'crds', `${name}.yaml`);
      const made = HEAD + dump(definition, { lineWidth: 120, noRefs: true });
      const text = await format(made, { parser: 'yaml', ...(await resolveConfig(path)) });
      if (process.env['HOLDFAST_WRITE_DOCS'] === '1') await writeFile(path, text);
      expect(await readFile(path, 'utf8'), HOW).toBe(text);
    },
  );
});
