import type { Secret } from '../../base/index.ts';
import type { KeyPair } from './key-pair.ts';

export interface KubeconfigParts {
  readonly server: URL;
  /** PEM. */
  readonly authority: string;
  /** A certificate beside the token lets a client in whose token is refused, and the other way round. */
  readonly user: { readonly name: string; readonly client?: KeyPair | undefined; readonly token: Secret };
  /** Where commands without `-n` look. */
  readonly namespace: string;
}

const NAME = 'holdfast-standalone';

/** A kubeconfig with one context. JSON strings are YAML strings too. */
export function kubeconfigText({ server, authority, user, namespace }: KubeconfigParts): string {
  const text = (value: string): string => JSON.stringify(value);
  const data = (pem: string): string => Buffer.from(pem).toString('base64');
  const certificate =
    user.client === undefined
      ? ''
      : `      client-certificate-data: ${data(user.client.certificate)}
      client-key-data: ${data(user.client.key.reveal())}
`;
  return `apiVersion: v1
kind: Config
clusters:
  - name: ${NAME}
    cluster:
      server: ${text(server.href.replace(/\/$/, ''))}
      certificate-authority-data: ${data(authority)}
users:
  - name: ${user.name}
    user:
${certificate}      token: ${text(user.token.reveal())}
contexts:
  - name: ${NAME}
    context:
      cluster: ${NAME}
      user: ${user.name}
      namespace: ${text(namespace)}
current-context: ${NAME}
`;
}
