import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

x509.cryptoProvider.set(webcrypto);

/** PEM texts. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** One signer and what it signs, with dates as the sample asks for. */
export class SamplePki {
  readonly ca: Issued;
  readonly #certificate: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #kind: 'good' | 'expired' | 'installer';

  private constructor(
    ca: Issued,
    certificate: x509.X509Certificate,
    keys: webcrypto.CryptoKeyPair,
    kind: 'good' | 'expired' | 'installer',
  ) {
    this.ca = ca;
    this.#certificate = certificate;
    this.#keys = keys;
    this.#kind = kind;
  }

  static async create(kind: 'good' | 'expired' | 'installer'): Promise<SamplePki> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: 'CN=kube-apiserver-signer',
      notBefore: new Date(Date.now() - 60 * DAY),
      notAfter: new Date(Date.now() + 3590 * DAY),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    const ca = { cert: pem(certificate), key: await pemOfKey(keys.privateKey) };
    return new SamplePki(ca, certificate, keys, kind);
  }

  /** A leaf; `live` ones are those that the installer makes short-lived. */
  async issue(commonName: string, options: { readonly live?: boolean } = {}): Promise<Issued> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: '02',
      subject: `CN=${commonName}`,
      issuer: this.#certificate.subject,
      ...this.#dates(options.live === true),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
      ],
    });
    return { cert: pem(certificate), key: await pemOfKey(keys.privateKey) };
  }

  #dates(isLive: boolean): { readonly notBefore: Date; readonly notAfter: Date } {
    const now = Date.now();
    const span = (from: number, to: number): { readonly notBefore: Date; readonly notAfter: Date } => ({
      notBefore: new Date(now + from),
      notAfter: new Date(now + to),
    });
    if (this.#kind === 'expired') return span(-400 * DAY, -35 * DAY);
    if (this.#kind === 'installer' && isLive) return span(-2 * HOUR, 22 * HOUR);
    return span(-60 * DAY, 305 * DAY);
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`;
}

async function pemOfKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}
