import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';
import { issueAuthority, issueCertificate, writePrivately } from '../access/index.ts';

/** The files of a trial's keys, PEM. */
export interface TrialPki {
  readonly cacert: string;
  readonly server: { readonly cert: string; readonly key: string };
  readonly client: { readonly cert: string; readonly key: string };
}

/** Makes all keys anew: nothing has to be kept or renewed, and the authority's key is never written. */
export async function issueTrialPki(folder: string, clock: Clock): Promise<TrialPki> {
  const now = clock.now();
  const authority = await issueAuthority(now);
  const hosts = ['127.0.0.1', 'localhost'];
  const pairs = {
    server: await issueCertificate(authority, { commonName: 'holdfast-trial-etcd', usage: 'server', hosts }, now),
    client: await issueCertificate(authority, { commonName: 'holdfast-trial-client', usage: 'client' }, now),
  };
  const files = (name: string): { cert: string; key: string } => ({
    cert: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  });
  const pki = { cacert: join(folder, 'ca.crt'), server: files('server'), client: files('client') };
  await writePrivately(pki.cacert, authority.certificate);
  for (const name of ['server', 'client'] as const) {
    await writePrivately(pki[name].cert, pairs[name].certificate);
    await writePrivately(pki[name].key, pairs[name].key.reveal());
  }
  return pki;
}
