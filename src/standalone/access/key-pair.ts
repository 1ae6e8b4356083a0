import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messageOf, Secret } from '../../base/index.ts';

/** A certificate with its private key. */
export interface KeyPair {
  /** PEM. */
  readonly certificate: string;
  /** PKCS #8, PEM. */
  readonly key: Secret;
  readonly x509: X509Certificate;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Both in one text, so that one write replaces both. */
export function encodeKeyPair({ certificate, key }: Pick<KeyPair, 'certificate' | 'key'>): string {
  return `${certificate.trim()}\n${key.reveal().trim()}\n`;
}

/** The opposite of {@link encodeKeyPair}; a text where something is wrong. No message quotes the content. */
export function decodeKeyPair(text: string): KeyPair | string {
  const blocks = [...text.matchAll(BLOCK)];
  const certificate = blocks.find(([, label]) => label === 'CERTIFICATE')?.[0];
  const key = blocks.find(([, label]) => label === 'PRIVATE KEY')?.[0];
  if (certificate === undefined || key === undefined)
    return `it has no ${certificate === undefined ? 'certificate' : 'private key'}`;
  try {
    const x509 = new X509Certificate(certificate);
    if (!x509.checkPrivateKey(createPrivateKey(key))) return 'its certificate is not for its private key';
    return { certificate: `${certificate}\n`, key: new Secret(`${key}\n`), x509 };
  } catch (error) {
    return messageOf(error);
  }
}
