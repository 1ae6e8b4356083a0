import { HoldfastError, type ErrorDetails, type ErrorTable } from '../base/index.ts';

export const kubeErrors = {
  KUBE_ENCRYPTION_CONFIG_MALFORMED: {
    kind: 'needs-user',
    meaning: 'A file that should be a Kubernetes encryption configuration is not one.',
  },
} as const satisfies ErrorTable;

/** Kubernetes data that cannot be read. Messages never hold any part of an encryption configuration's content. */
export class KubeError extends HoldfastError<keyof typeof kubeErrors> {
  constructor(code: keyof typeof kubeErrors, message: string, details: ErrorDetails) {
    super(kubeErrors[code], code, message, details);
  }
}

/** Findings about the keys of values that are encrypted at rest, by code. */
export const kubeFindings = {
  KUBE_KEY_MISSING: 'Values in the snapshot are encrypted with a key that no saved encryption configuration has.',
  KUBE_KEY_OTHER_RESOURCE:
    'A key is saved, but only for other resources than the one whose values are encrypted with it.',
  KUBE_ENCRYPTION_CHANGING:
    'An API server of OpenShift was writing stored objects anew, with another key or with none, when the snapshot was taken.',
  KUBE_KEYS_IN_KMS: 'Values are encrypted with keys of a key management service, which no backup can hold.',
  KUBE_KEYS_IN_SNAPSHOT:
    'Values are encrypted by an OpenShift API server whose keys lie in Secrets inside the snapshot itself.',
} as const satisfies Readonly<Record<string, string>>;
