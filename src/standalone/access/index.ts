/** Who may use the engine's API, and how they know that they have reached it. */
export { openAccess, type Access, type AccessOptions, type Credentials, type Identity } from './access.ts';
export { writePrivately } from './access-files.ts';
export { issueAuthority, issueCertificate, type CertificateRequest } from './issue.ts';
export type { KeyPair } from './key-pair.ts';
