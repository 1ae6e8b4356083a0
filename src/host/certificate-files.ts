import { X509Certificate } from 'node:crypto';

/** A certificate as it was found in a file. */
export interface FoundCertificate {
  readonly certificate: X509Certificate;
  /** From a field of a kubeconfig, where a client certificate is always in use. */
  readonly from: 'file' | 'kubeconfig';
}

export interface CertificatesInFile {
  readonly certificates: readonly FoundCertificate[];
  /** How many blocks call themselves a certificate and are not one. */
  readonly unreadable: number;
}

const PEM = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
/** In YAML and in JSON alike. Base64, so no quote or space can be part of it. */
const KUBECONFIG_FIELD = /(?:client-certificate|certificate-authority)-data["']?\s*:\s*["']?([A-Za-z0-9+/=]+)/g;

/** Every certificate in a file: PEM blocks anywhere in it, a single one in DER, and those that a kubeconfig carries in base64. */
export function certificatesIn(bytes: Buffer, path: string): CertificatesInFile {
  const certificates: FoundCertificate[] = [];
  let unreadable = 0;
  const add = (encoded: string | Buffer, from: FoundCertificate['from']): void => {
    try {
      certificates.push({ certificate: new X509Certificate(encoded), from });
    } catch {
      unreadable++;
    }
  };
  // DER: a SEQUENCE whose length takes two bytes (X.690), in a file that by its name is a certificate.
  if (/\.(?:crt|cer|der)$/.test(path) && bytes[0] === 0x30 && bytes[1] === 0x82) {
    add(bytes, 'file');
    return { certificates, unreadable };
  }
  const text = bytes.toString('latin1');
  for (const [block] of text.matchAll(PEM)) add(block.replace(/ (?:TRUSTED|X509) CERT/g, ' CERT'), 'file');
  for (const [, data] of text.matchAll(KUBECONFIG_FIELD)) {
    const decoded = Buffer.from(data ?? '', 'base64').toString('latin1');
    for (const [block] of decoded.matchAll(PEM)) add(block, 'kubeconfig');
  }
  return { certificates, unreadable };
}
