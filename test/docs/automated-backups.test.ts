import { describe, expect, it } from 'vitest';
import { exists, projectFiles, read } from './document.ts';
import { codeTables } from './tables.ts';

const PAGE = 'docs/automated-backups.md';
const TRANSLATIONS = 'docs/ja/';

/** The indented blocks of a page: commands, what they print, settings. */
function codeIn(text: string): readonly string[] {
  return text.match(/^ {4}\S.*$/gm) ?? [];
}

/** Everything between backquotes that looks like a code of an error. */
function errorCodesIn(text: string): readonly string[] {
  return [...text.matchAll(/`((?:OPERATOR|STANDALONE|STORE|ETCD|WORKLOAD)_[A-Z_]+[A-Z])`/g)].map(
    ([, code = '']) => code,
  );
}

describe(PAGE, () => {
  it('applies only manifests that the examples have', async () => {
    const named = (await read(PAGE)).match(/[\w-]+\/[\w-]+\.yaml(?= \||$)/gm) ?? [];
    const missing: string[] = [];
    for (const name of named) if (!(await exists(`examples/automated-backups/${name}`))) missing.push(name);
    expect(named.length).toBeGreaterThan(5);
    expect(missing).toEqual([]);
  });

  it('explains only errors that there are', async () => {
    const known = new Set((await codeTables()).flatMap(({ errors }) => Object.keys(errors)));
    const named = errorCodesIn(await read(PAGE));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((code) => !known.has(code))).toEqual([]);
  });

  it('tells of metrics that there are', async () => {
    const metrics = (await read('src/operator/metrics.ts')) + (await read('src/operator/backup-figures.ts'));
    const named = (await read(PAGE)).match(/\b(?:holdfast|etcd)_backup_\w+/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !metrics.includes(`  ${name}: {`))).toEqual([]);
  });
});

describe('every Japanese page', () => {
  it('shows the same commands and answers as the English one, and explains the same errors', async () => {
    const pages = (await projectFiles()).filter((name) => name.startsWith(TRANSLATIONS) && !name.endsWith('README.md'));
    expect(pages).toContain(`${TRANSLATIONS}automated-backups.md`);
    for (const page of pages) {
      const [japanese, english] = [await read(page), await read(page.replace(TRANSLATIONS, 'docs/'))];
      expect(codeIn(japanese), page).toEqual(codeIn(english));
      expect(errorCodesIn(japanese), page).toEqual(errorCodesIn(english));
    }
  });
});
