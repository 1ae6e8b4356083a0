import { describe, expect, it } from 'vitest';
import { projectFiles, read } from './document.ts';

const OWN = 'test/docs/words.test.ts';
const TEXT = /\.(?:ts|mjs|js|json|md|ya?ml|sh)$|^[^.]+$/;

/** What must not be committed, and why. */
const forbidden: readonly (readonly [why: string, pattern: RegExp])[] = [
  ['a mark for later: finish it, or leave it out', /\b(?:TODO|FIXME|XXX|HACK)\b/],
  ['a test that is switched off, or switches the others off', /\b(?:it|test|describe)\.(?:skip|only|todo)\b/],
  ["a path of one developer's machine", /(?<![\w.<>${}-])\/(?:work|workspaces?|farm|Users)\/\w/],
  [
    'the host of a package registry: the lock file names packages, not places',
    /\b(?:registry\.(?:npmjs|yarnpkg)\.\w+|npm\.pkg\.github\.com|\w+\.(?:jfrog\.io|pkg\.dev))\b|"resolved":/,
  ],
  ['a private key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{16}/],
];

describe('no file of the repository', () => {
  it.each(forbidden)('holds %s', async (_why, pattern) => {
    const found: string[] = [];
    for (const path of await projectFiles()) {
      if (path === OWN || !TEXT.test(path)) continue;
      const text = await read(path);
      const match = pattern.exec(text);
      if (match !== null) found.push(`${path}:${text.slice(0, match.index).split('\n').length}: ${match[0]}`);
    }
    expect(found).toEqual([]);
  });
});
