import type { Secret } from '../../base/index.ts';
import type { KeyPair } from './key-pair.ts';

export interface KubeconfigParts {
  readonly server: URL;
  /** PEM. */
  readonly authority: string;
  readonly client: KeyPair;
  readonly token: Secret;
  /** Where commands without `-n` look. */
  readonly namespace: string;
}

const NAME = 'holdfast-standalone';
const USER = 'holdfast-admin';

/**
 * A kubeconfig with one context. It carries both the certificate and the token, so that a client whose certificate has run
 * out still gets in. JSON strings are YAML strings too.
 */
export function kubeconfigText({ server, authority, client, token, namespace }: KubeconfigParts): string {
  const text = (value: string): string => JSON.stringify(value);
  const data = (pem: string): string => Buffer.from(pem).toString('base64');
  return `apiVersion: v1
kind: Config
clusters:
  - name: ${NAME}
    cluster:
      server: ${text(server.href.replace(/\/$/, ''))}
      certificate-authority-data: ${data(authority)}
users:
  - name: ${USER}
    user:
      client-certificate-data: ${data(client.certificate)}
      client-key-data: ${data(client.key.reveal())}
      token: ${text(token.reveal())}
contexts:
  - name: ${NAME}
    context:
      cluster: ${NAME}
      user: ${USER}
      namespace: ${text(namespace)}
current-context: ${NAME}
`;
}
