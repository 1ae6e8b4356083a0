import { load, YAMLException } from 'js-yaml';
import * as z from 'zod';
import { KubeError } from './errors.ts';

/** One provider of an encryption configuration. Only names are kept, never the keys themselves. */
export interface ConfiguredProvider {
  /** `aescbc`, `aesgcm`, `secretbox`, `kms`, `identity`. */
  readonly provider: string;
  /** Of KMS the plugin's name; empty for `identity`. */
  readonly keyNames: readonly string[];
}

/** Which resources are encrypted, and with which providers: the first one writes, all of them read. */
export interface ConfiguredResources {
  /** `secrets`, `widgets.example.com`, `*.apps`, `*.*`. */
  readonly resources: readonly string[];
  readonly providers: readonly ConfiguredProvider[];
}

/** An EncryptionConfiguration without its secrets. */
export interface EncryptionConfiguration {
  readonly resources: readonly ConfiguredResources[];
}

// kubernetes: staging/src/k8s.io/apiserver/pkg/apis/apiserver/v1/types_encryption.go; the kind was EncryptionConfig,
// apiVersion v1, before Kubernetes 1.13. `secret` is left out of the schema, so it is dropped as soon as it is parsed.
const keyName = z.union([z.string(), z.number()]).transform(String);
const providerSchema = z.union([
  z.object({ keys: z.array(z.object({ name: keyName })) }).transform(({ keys }) => keys.map(({ name }) => name)),
  z.object({ name: keyName }).transform(({ name }) => [name]),
  z.unknown().transform((): string[] => []),
]);
const configurationSchema = z.object({
  kind: z.enum(['EncryptionConfiguration', 'EncryptionConfig']),
  apiVersion: z.enum(['apiserver.config.k8s.io/v1', 'v1']),
  resources: z.array(
    z.object({
      resources: z.array(z.string()),
      providers: z.array(z.record(z.string(), providerSchema)),
    }),
  ),
});

/**
 * Reads an encryption configuration, YAML or JSON. The keys in it do not get into the result, nor into any error.
 *
 * @param text - the file's content
 * @param path - the file, for messages
 * @throws KubeError `KUBE_ENCRYPTION_CONFIG_MALFORMED`
 */
export function parseEncryptionConfiguration(text: string, path: string): EncryptionConfiguration {
  const parsed = configurationSchema.safeParse(loadYaml(text, path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw malformed(path, issue === undefined ? 'it has another form' : `${issue.path.join('.')}: ${issue.message}`);
  }
  return {
    resources: parsed.data.resources.map(({ resources, providers }) => ({
      resources,
      providers: providers.flatMap((entry) =>
        Object.entries(entry).map(([provider, keyNames]) => ({ provider, keyNames })),
      ),
    })),
  };
}

function loadYaml(text: string, path: string): unknown {
  try {
    return load(text);
  } catch (error) {
    // The exception quotes the lines around the mistake, and with them keys: it goes no further than here.
    throw malformed(path, error instanceof YAMLException ? 'it is not YAML or JSON' : 'it cannot be parsed');
  }
}

function malformed(path: string, why: string): KubeError {
  return new KubeError('KUBE_ENCRYPTION_CONFIG_MALFORMED', `${path} is not an encryption configuration: ${why}`, {
    subject: path,
    hint: `Check ${path}: it should be the file that kube-apiserver's --encryption-provider-config names.`,
  });
}
