import type { Finding } from '../base/index.ts';
import type { EncryptedGroup } from './census.ts';
import type { EncryptionConfiguration } from './encryption-config.ts';
import type { kubeFindings } from './errors.ts';

/** What comparing encrypted values with saved configurations shows. */
export interface KeyCheck {
  /** Groups whose key no configuration has. Some may hold superseded values only; {@link LiveKeyCheck} tells. */
  readonly missing: readonly EncryptedGroup[];
  /** What is worth knowing besides: keys in a KMS, keys inside the snapshot, keys saved for other resources only. */
  readonly findings: readonly Finding[];
}

/**
 * Compares the keys that encrypted values carry with those of the configurations saved beside them. Keys of a KMS lie
 * outside and cannot be compared. What OpenShift's own API servers encrypt (routes, OAuth tokens) has keys that lie in
 * Secrets of openshift-config-managed, hence inside the snapshot, under key names that say nothing here.
 */
export function missingKeys(
  encrypted: readonly EncryptedGroup[],
  configurations: readonly EncryptionConfiguration[],
): KeyCheck {
  const missing: EncryptedGroup[] = [];
  const findings: Finding[] = [];
  for (const group of encrypted) {
    if (group.provider === 'kms') findings.push(keysInKms(group));
    else if (group.keyPrefix.startsWith('/openshift.io/')) findings.push(keysInSnapshot(group));
    else {
      const having = configurations.flatMap(({ resources }) => resources).filter((each) => hasKey(each, group));
      if (having.length === 0) missing.push(group);
      else if (!having.some(({ resources }) => resources.some((pattern) => covers(pattern, group.resource))))
        findings.push(otherResource(group));
    }
  }
  return { missing, findings };
}

/** The finding for a key that is missing while live values need it: the backup cannot be good. */
export function missingKeyFinding(group: EncryptedGroup): Finding {
  return finding('error', 'KUBE_KEY_MISSING', group, {
    message: `${group.resource} in the snapshot are encrypted with the ${group.provider} key ${named(group)}, which no saved encryption configuration has`,
    hint:
      `Take the backup on a control-plane host whose kube-apiserver has that key, or write the objects anew with a key ` +
      `that it has (for example ${group.sample}).`,
  });
}

function hasKey(
  { providers }: EncryptionConfiguration['resources'][number],
  { provider, keyName }: EncryptedGroup,
): boolean {
  return providers.some(
    (each) =>
      // A colon ends a name in a value's head, but may be part of the name in the configuration.
      each.provider === provider && each.keyNames.some((name) => name === keyName || name.startsWith(`${keyName}:`)),
  );
}

/** Whether a configuration's `secrets`, `widgets.example.com`, `*.apps` or `*.*` speaks of a resource. */
function covers(pattern: string, resource: string): boolean {
  if (pattern === '*.*' || pattern === resource) return true;
  const [plural = '', ...group] = resource.split('.');
  if (group.length > 0) return pattern === `*.${group.join('.')}`;
  // A built-in resource's group is not in its key: any group may be its own.
  return pattern.startsWith('*.') || pattern.startsWith(`${plural}.`);
}

function named({ keyName }: EncryptedGroup): string {
  return JSON.stringify(keyName);
}

function finding(
  severity: Finding['severity'],
  code: keyof typeof kubeFindings,
  { keyPrefix }: EncryptedGroup,
  text: { readonly message: string; readonly hint: string },
): Finding {
  return { severity, code, where: keyPrefix, ...text };
}

function keysInKms(group: EncryptedGroup): Finding {
  return finding('note', 'KUBE_KEYS_IN_KMS', group, {
    message: `${group.resource} are encrypted through the KMS plugin ${named(group)}; its keys are not in the backup`,
    hint: 'Make sure that the key management service still has the key when the backup is restored.',
  });
}

function keysInSnapshot(group: EncryptedGroup): Finding {
  return finding('note', 'KUBE_KEYS_IN_SNAPSHOT', group, {
    message: `${group.resource} are encrypted with the ${group.provider} key ${named(group)} of an OpenShift API server; it lies in a Secret of openshift-config-managed, inside the snapshot`,
    hint: 'Nothing to do: the kube-apiserver opens those Secrets with the keys in the static pod resources.',
  });
}

function otherResource(group: EncryptedGroup): Finding {
  return finding('warning', 'KUBE_KEY_OTHER_RESOURCE', group, {
    message: `the ${group.provider} key ${named(group)} of ${group.resource} is saved, but the configuration has it for other resources only`,
    hint: `Add ${group.resource} to that key's resources in the encryption configuration, or the kube-apiserver cannot read them.`,
  });
}
