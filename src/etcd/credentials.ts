import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { messageOf, systemClock, systemCode, type Clock } from '../base/index.ts';
import type { EtcdTls, PemSource } from './config.ts';
import { EtcdError } from './errors.ts';

/** TLS material, read and checked. */
export interface TlsMaterial {
  readonly context: SecureContext;
  /** The name of the client certificate's file, for messages; undefined where there is none. */
  readonly clientCertificate: string | undefined;
  readonly trusted: string | undefined;
}

const CERTIFICATE_BLOCK =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * Reads the files of `tls` and checks all that can be checked before a connection is made.
 *
 * @throws EtcdError `ETCD_CREDENTIALS_UNREADABLE`, `ETCD_CREDENTIALS_INCOMPLETE`, `ETCD_CERTIFICATE_INVALID`,
 *   `ETCD_CERTIFICATE_EXPIRED`, `ETCD_KEY_INVALID`, `ETCD_KEY_ENCRYPTED`, `ETCD_KEY_MISMATCH`, naming the file
 */
export function loadTls(tls: EtcdTls, clock: Clock = systemClock): TlsMaterial {
  const ca = tls.cacert === undefined ? undefined : read(tls.cacert, '--cacert');
  if (ca !== undefined) certificates(ca);
  const client = loadClientCertificate(tls, clock);
  return {
    context: createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca && { ca: ca.pem }),
      ...(client && { cert: client.cert.pem, key: client.key.pem }),
    }),
    clientCertificate: client?.cert.name,
    trusted: ca?.name,
  };
}

interface PemFile {
  readonly name: string;
  readonly flag: string;
  readonly pem: string;
}

function read(source: PemSource, flag: string): PemFile {
  if (typeof source !== 'string') {
    return { name: source.name, flag, pem: Buffer.from(source.content).toString('latin1') };
  }
  try {
    return { name: source, flag, pem: readFileSync(source, 'latin1') };
  } catch (cause) {
    throw new EtcdError('ETCD_CREDENTIALS_UNREADABLE', `${source} cannot be read: ${messageOf(cause)}`, {
      hint:
        systemCode(cause) === 'EACCES'
          ? `Run as a user who may read ${source}, on most hosts root.`
          : `Give ${flag} the path of a readable PEM file.`,
      subject: source,
      cause,
    });
  }
}

function loadClientCertificate(tls: EtcdTls, clock: Clock): { cert: PemFile; key: PemFile } | undefined {
  if (tls.cert === undefined && tls.key === undefined) return undefined;
  if (tls.cert === undefined || tls.key === undefined) throw incomplete(tls);
  const cert = read(tls.cert, '--cert');
  const key = read(tls.key, '--key');
  const [leaf] = certificates(cert);
  const privateKey = parseKey(key);
  if (leaf === undefined) throw notACertificate(cert);
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new EtcdError(
      'ETCD_KEY_MISMATCH',
      `the key in ${key.name} does not belong to the certificate in ${cert.name}`,
      {
        hint: 'Give --cert and --key two files that were issued together; the client certificate must come first in its file.',
        subject: key.name,
      },
    );
  }
  expectValidNow(leaf, cert, clock);
  return { cert, key };
}

function incomplete(tls: EtcdTls): EtcdError {
  const [given, missing] = tls.cert === undefined ? ['--key', '--cert'] : ['--cert', '--key'];
  return new EtcdError('ETCD_CREDENTIALS_INCOMPLETE', `${given} is given without ${missing}`, {
    hint: `Give ${missing} too, or leave ${given} out.`,
  });
}

function certificates(file: PemFile): readonly X509Certificate[] {
  const blocks = file.pem.match(CERTIFICATE_BLOCK) ?? [];
  if (blocks.length === 0) throw notACertificate(file);
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw notACertificate(file, cause);
    }
  });
}

function notACertificate(file: PemFile, cause?: unknown): EtcdError {
  return new EtcdError('ETCD_CERTIFICATE_INVALID', `${file.name} holds no readable PEM certificate`, {
    hint: `Give ${file.flag} a file with '-----BEGIN CERTIFICATE-----' in it; openssl x509 -in ${file.name} -noout -subject shows what it is.`,
    subject: file.name,
    cause,
  });
}

function parseKey(file: PemFile): KeyObject {
  try {
    return createPrivateKey({ key: file.pem, format: 'pem' });
  } catch (cause) {
    if (systemCode(cause) === 'ERR_MISSING_PASSPHRASE' || /ENCRYPTED/.test(file.pem)) {
      throw new EtcdError('ETCD_KEY_ENCRYPTED', `the key in ${file.name} is protected by a passphrase`, {
        hint: `Give ${file.flag} a key without a passphrase, readable by its owner only, as etcd itself needs it.`,
        subject: file.name,
      });
    }
    throw new EtcdError('ETCD_KEY_INVALID', `${file.name} holds no readable PEM private key`, {
      hint: `Give ${file.flag} the key file that belongs to --cert; it starts with '-----BEGIN' and says 'PRIVATE KEY'.`,
      subject: file.name,
      cause,
    });
  }
}

function expectValidNow(leaf: X509Certificate, file: PemFile, clock: Clock): void {
  const now = clock.now();
  const from = new Date(leaf.validFrom);
  const to = new Date(leaf.validTo);
  if (now >= from && now <= to) return;
  const what = now > to ? `expired at ${to.toISOString()}` : `is not valid before ${from.toISOString()}`;
  throw new EtcdError('ETCD_CERTIFICATE_EXPIRED', `the client certificate in ${file.name} ${what}`, {
    hint: `Give ${file.flag} and --key a certificate that is valid now, and check this host's clock.`,
    subject: file.name,
  });
}
