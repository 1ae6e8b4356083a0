import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { inMemory } from '../base/index.ts';
import { inspectSnapshot } from '../snapshot/index.ts';
import {
  clusterFacts,
  decodeStored,
  KubeCensus,
  LiveKeyCheck,
  liveMissingKeys,
  missingKeys,
  parseEncryptionConfiguration,
  parseKey,
  readObjectMeta,
  type KubeCensusResult,
} from './index.ts';

/** Two snapshots of one Kubernetes 1.36 control plane; test/vectors/snapshot/README.md says how they were made. */
const vector = (name: string): Buffer => readFileSync(new URL(`../../test/vectors/snapshot/${name}`, import.meta.url));
const snapshots = { before: gunzipSync(vector('before.db.gz')), after: gunzipSync(vector('after.db.gz')) };
const configuration = parseEncryptionConfiguration(
  vector('encryption-config.yaml').toString(),
  'encryption-config.yaml',
);

function visited<R>(bytes: Buffer, visitor: KubeCensus | LiveKeyCheck | NamesVisitor, result: () => R): R {
  const report = inspectSnapshot(inMemory(bytes), {
    visitor: { visit: (...entry) => visitor.visit(...entry), result },
  });
  if (report.visited === undefined) throw new Error('the snapshot could not be walked');
  return report.visited;
}

function censusOf(bytes: Buffer): KubeCensusResult {
  const census = new KubeCensus();
  return visited(bytes, census, () => census.result());
}

/** Compares every object's name and namespace in its key with those in its metadata. */
class NamesVisitor {
  readonly compared = new Set<string>();
  readonly different: string[] = [];

  visit(bytes: Buffer, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void {
    const text = bytes.toString('utf8', keyStart, keyEnd);
    const key = parseKey(text);
    const meta = readObjectMeta(decodeStored(bytes.subarray(valueStart, valueEnd)));
    // Leases of API servers and ranges are stored without a name of their own.
    if (key === undefined || meta === undefined || meta.name === '') return;
    this.compared.add(key.resource);
    if (meta.name !== key.name || meta.namespace !== key.namespace) this.different.push(text);
  }
}

describe.each([
  ['before', { configmaps: 47, serviceaccounts: 17, secrets: 12 }],
  ['after', { configmaps: 49, serviceaccounts: 18, secrets: 13 }],
] as const)('the real snapshot "%s"', (name, counts) => {
  const bytes = snapshots[name];

  it('says which cluster it is from and what is encrypted with which key', () => {
    const facts = clusterFacts(censusOf(bytes));
    expect(facts).toMatchObject({
      kubeSystemUid: '89152f93-6a8f-4c5e-b365-613f55aab8ab',
      openshiftVersion: '4.17.5',
      looksLikeKubernetes: true,
    });
    expect(facts.encrypted.toSorted((a, b) => (a.resource < b.resource ? -1 : 1))).toEqual([
      { resource: 'configmaps', provider: 'secretbox', keyName: 'sb1', count: counts.configmaps },
      { resource: 'secrets', provider: 'aescbc', keyName: 'key1', count: counts.secrets },
      { resource: 'serviceaccounts', provider: 'aesgcm', keyName: 'gcm1', count: counts.serviceaccounts },
    ]);
  });

  it('can be decrypted with the configuration that belongs to it', () => {
    expect(missingKeys(censusOf(bytes).encrypted, [configuration])).toEqual({ missing: [], findings: [] });
  });

  it('cannot be without it: live values carry each of the three keys', () => {
    const { missing } = missingKeys(censusOf(bytes).encrypted, []);
    const check = new LiveKeyCheck(missing);
    const live = liveMissingKeys(
      missing,
      visited(bytes, check, () => check.result()),
    );
    expect(live.map(({ keyName }) => keyName).sort()).toEqual(['gcm1', 'key1', 'sb1']);
    for (const group of live)
      expect(group.count).toBeLessThanOrEqual(missing.find(({ keyName }) => keyName === group.keyName)?.count ?? 0);
  });

  it('has the same name and namespace in every key as in the object under it', () => {
    const names = new NamesVisitor();
    visited(bytes, names, () => names.compared.size);
    expect(names.different).toEqual([]);
    expect([...names.compared]).toEqual(
      expect.arrayContaining(['pods', 'services', 'endpoints', 'clusterversions', 'apiservices']),
    );
  });
});

it('the later snapshot has fewer live secrets than entries: one was changed, and a namespace deleted', () => {
  const { missing } = missingKeys(censusOf(snapshots.after).encrypted, []);
  const check = new LiveKeyCheck(missing);
  const live = liveMissingKeys(
    missing,
    visited(snapshots.after, check, () => check.result()),
  );
  expect(live.find(({ resource }) => resource === 'secrets')?.count).toBe(11);
});
