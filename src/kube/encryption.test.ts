import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  KubeError,
  missingKeyFinding,
  missingKeys,
  parseEncryptionConfiguration,
  parseEncryptionHeader,
  type EncryptedGroup,
} from './index.ts';

const headerOf = (text: string): unknown => parseEncryptionHeader(Buffer.from(text, 'latin1'));
const SECRET = 'bm90IGEgcmVhbCBrZXksIGJ1dCBhIG1hcmtlciE=';

describe('the head of an encrypted value', () => {
  it.each([
    ['k8s:enc:aescbc:v1:key1:\x86\xee', { provider: 'aescbc', version: 'v1', keyName: 'key1', end: 23 }],
    ['k8s:enc:aesgcm:v1:1:x', { provider: 'aesgcm', version: 'v1', keyName: '1', end: 20 }],
    ['k8s:enc:secretbox:v1:sb1:x', { provider: 'secretbox', version: 'v1', keyName: 'sb1', end: 25 }],
    ['k8s:enc:kms:v1:vault:\0\x20', { provider: 'kms', version: 'v1', keyName: 'vault', end: 21 }],
    ['k8s:enc:kms:v2:vault:\n$', { provider: 'kms', version: 'v2', keyName: 'vault', end: 21 }],
  ])('%j says provider and key', (text, header) => {
    expect(headerOf(text)).toEqual(header);
  });

  it.each([
    '',
    'k8s:enc:',
    'k8s:enc:aescbc:v1:key1',
    'k8s\0\n',
    '{"k8s:enc:',
    'k8s:en',
    `k8s:enc:aescbc:v1:${'x'.repeat(400)}:`,
  ])('is not in %j', (text) => {
    expect(headerOf(text)).toBeUndefined();
  });

  it('is read inside a larger buffer, and not beyond the value’s end', () => {
    const page = Buffer.from('....k8s:enc:aescbc:v1:key1:zzzz');
    expect(parseEncryptionHeader(page, 4, page.length)).toMatchObject({ keyName: 'key1', end: 27 });
    expect(parseEncryptionHeader(page, 4, 20)).toBeUndefined();
  });
});

describe('an encryption configuration', () => {
  it('keeps names, and none of the keys', async () => {
    const path = new URL('../../test/vectors/snapshot/encryption-config.yaml', import.meta.url);
    const configuration = parseEncryptionConfiguration(await readFile(path, 'utf8'), 'encryption-config.yaml');
    const identity = { provider: 'identity', keyNames: [] };
    expect(configuration).toEqual({
      resources: [
        { resources: ['secrets'], providers: [{ provider: 'aescbc', keyNames: ['key1'] }, identity] },
        { resources: ['configmaps'], providers: [{ provider: 'secretbox', keyNames: ['sb1'] }, identity] },
        { resources: ['serviceaccounts'], providers: [{ provider: 'aesgcm', keyNames: ['gcm1'] }, identity] },
      ],
    });
  });

  it('may be JSON, as OpenShift and k3s write it, with a KMS, several keys and wildcards', () => {
    const text = JSON.stringify({
      kind: 'EncryptionConfiguration',
      apiVersion: 'apiserver.config.k8s.io/v1',
      resources: [
        {
          resources: ['*.apps', '*.*'],
          providers: [
            { kms: { apiVersion: 'v2', name: 'vault', endpoint: 'unix:///x.sock' } },
            {
              aescbc: {
                keys: [
                  { name: '2', secret: SECRET },
                  { name: '1', secret: SECRET },
                ],
              },
            },
            { identity: {} },
          ],
        },
      ],
    });
    expect(parseEncryptionConfiguration(text, 'c').resources[0]?.providers).toEqual([
      { provider: 'kms', keyNames: ['vault'] },
      { provider: 'aescbc', keyNames: ['2', '1'] },
      { provider: 'identity', keyNames: [] },
    ]);
  });

  it('may be of the kind that Kubernetes had before 1.13', () => {
    const text =
      'kind: EncryptionConfig\napiVersion: v1\nresources: [{resources: [secrets], providers: [{identity: {}}]}]';
    expect(parseEncryptionConfiguration(text, 'c').resources).toHaveLength(1);
  });

  it.each([
    ['broken YAML', `kind: EncryptionConfiguration\n  secret: "${SECRET}\n : {`],
    ['a tab', `kind: x\n\tsecret: ${SECRET}`],
    ['another kind', `kind: Secret\nsecret: ${SECRET}`],
    ['a wrong field', `kind: EncryptionConfiguration\napiVersion: apiserver.config.k8s.io/v1\nresources: ${SECRET}`],
    ['nothing', ''],
  ])('that is %s is refused, without a word of its content', (_what, text) => {
    let failure: unknown;
    try {
      parseEncryptionConfiguration(text, '/etc/kubernetes/enc.yaml');
    } catch (error) {
      failure = error;
    }
    if (!(failure instanceof KubeError)) throw new Error('it was taken');
    expect(failure).toMatchObject({ code: 'KUBE_ENCRYPTION_CONFIG_MALFORMED', subject: '/etc/kubernetes/enc.yaml' });
    expect(inspect(failure, { depth: 10 })).not.toContain(SECRET.slice(0, 8));
  });
});

describe('keys that no configuration has', () => {
  const group = (provider: string, keyName: string, resource = 'secrets', prefix = '/registry/'): EncryptedGroup => ({
    resource,
    keyPrefix: `${prefix}${resource}/`,
    provider,
    keyName,
    count: 3,
    sample: `${prefix}${resource}/a/b`,
  });
  const configuration = (resources: string[], provider: string, ...keyNames: string[]) => ({
    resources: [{ resources, providers: [{ provider, keyNames }] }],
  });
  const configured = configuration(['secrets'], 'aescbc', 'key1', 'key2');

  it('are those whose provider and name are in none of them', () => {
    const groups = [group('aescbc', 'key1'), group('aescbc', 'key3'), group('aesgcm', 'key1')];
    expect(missingKeys(groups, [configured])).toEqual({ missing: groups.slice(1), findings: [] });
    expect(missingKeys(groups, []).missing).toEqual(groups);
    expect(missingKeys(groups, [configured, configuration(['secrets'], 'aesgcm', 'key1')]).missing).toEqual([
      groups[1],
    ]);
  });

  it('are not those of a KMS, which no backup can hold', () => {
    const { missing, findings } = missingKeys([group('kms', 'vault')], []);
    expect(missing).toEqual([]);
    expect(findings).toMatchObject([{ severity: 'note', code: 'KUBE_KEYS_IN_KMS' }]);
  });

  it('are not those of OpenShift’s other API servers, which lie inside the snapshot', () => {
    const { missing, findings } = missingKeys([group('aescbc', '1', 'routes', '/openshift.io/')], [configured]);
    expect(missing).toEqual([]);
    expect(findings).toMatchObject([{ severity: 'note', code: 'KUBE_KEYS_IN_SNAPSHOT' }]);
  });

  it('are not those that are saved for other resources only, but that is worth a warning', () => {
    const { missing, findings } = missingKeys([group('aescbc', 'key1', 'configmaps')], [configured]);
    expect(missing).toEqual([]);
    expect(findings).toMatchObject([{ severity: 'warning', code: 'KUBE_KEY_OTHER_RESOURCE' }]);
  });

  it.each([
    ['deployments', '*.apps'],
    ['deployments', 'deployments.apps'],
    ['secrets', '*.'],
    ['secrets', '*.*'],
    ['widgets.example.com', 'widgets.example.com'],
    ['widgets.example.com', '*.example.com'],
  ])('of %s may be configured as %s', (resource, pattern) => {
    const check = missingKeys([group('aescbc', 'k', resource)], [configuration([pattern], 'aescbc', 'k')]);
    expect(check).toEqual({ missing: [], findings: [] });
  });

  it.each([
    ['widgets.example.com', '*.other.com'],
    ['widgets.example.com', 'widgets'],
    ['secrets', 'secretsanta.apps'],
  ])('of %s are not covered by %s', (resource, pattern) => {
    const check = missingKeys([group('aescbc', 'k', resource)], [configuration([pattern], 'aescbc', 'k')]);
    expect(check.findings).toMatchObject([{ code: 'KUBE_KEY_OTHER_RESOURCE' }]);
  });

  it('may have a colon in their name, which a value cannot tell from the end', () => {
    expect(missingKeys([group('aescbc', 'a')], [configuration(['secrets'], 'aescbc', 'a:b')]).missing).toEqual([]);
  });

  it('make an error that names the resource, the provider and the key', () => {
    const finding = missingKeyFinding(group('aescbc', 'key3'));
    expect(finding).toMatchObject({ severity: 'error', code: 'KUBE_KEY_MISSING', where: '/registry/secrets/' });
    expect(finding.message).toContain('secrets in the snapshot are encrypted with the aescbc key "key3"');
  });
});
